"""What happens without being asked for, and how often."""

from __future__ import annotations

from typing import Any

# Seconds between two runs, by the name of the task.
_PERIODS = {
    "generation.sweep": 5.0,
    "generation.sweep_compositions": 15.0,
    "generation.tend_models": 30.0,
    "moderation.policy_fuse": 5.0,
    "moderation.backtests": 5.0,
    "moderation.retro_runs": 5.0,
    "moderation.bulk_decisions": 5.0,
    "moderation.recheck": 30.0,
    "moderation.spread_blocks": 15.0,
    "moderation.end_restrictions": 60.0,
    "moderation.escalate": 10.0,
    "moderation.post_letters": 15.0,
    "moderation.quality": 60.0,
    "moderation.route": 5.0,
    "moderation.forget_attempts": 3600.0,
    "uploads.sweep": 30.0,
    "recommendations.count_together": 15.0,
    "recommendations.embed_missing": 30.0,
    "events.reconcile": 30.0,
    # How often it is asked whether one is due; by entries or by time: `audit.checkpoints`.
    "audit.checkpoint": 10.0,
    "recommendations.forget_exposures": 3600.0,
    "recommendations.train_ranking": 600.0,
    "events.retention": 3600.0,
    "moderation.forget_shadows": 3600.0,
    "generation.reconcile_credits": 3600.0,
}


def beat_schedule() -> dict[str, dict[str, Any]]:
    """Return Celery's schedule. A wake-up dies before the next one, so none pile up."""
    return {
        task: {
            "task": task,
            "schedule": period,
            "options": {"expires": period, "queue": "default"},
        }
        for task, period in _PERIODS.items()
    }
