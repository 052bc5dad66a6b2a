"""What tests of policies do again and again."""

from dataclasses import replace

import pytest

from moderation.app import configuration as configurations
from moderation.app import in_force, services
from moderation.app.engine import Engine
from moderation.app.models import PolicyVersion
from moderation.app.services import policy_fuse, policy_moves
from tests.integration.moderation import stage

_HATE = "hate: {hold_at: 0.80, block_at: 0.98}"


def text(engine: Engine, name: str, hate: str = "0.80") -> str:
    """Return the default policy under another name, holding hate from another score on."""
    source = engine.policy.source
    assert _HATE in source
    return source.replace("name: default", f"name: {name}").replace(
        _HATE, f"hate: {{hold_at: {hate}, block_at: 0.999}}"
    )


def limited(monkeypatch: pytest.MonkeyPatch, **given: float) -> None:
    """Let the services of policies go by other settings."""
    made = replace(configurations.configuration(), **given)  # type: ignore[arg-type]
    for module in (policy_moves, policy_fuse):
        monkeypatch.setattr(module, "configuration", lambda: made)


def shipped(engine: Engine) -> PolicyVersion:
    """Put the engine's own policy in force, as a first start does."""
    return services.activate_policy(policy=engine.policy, lists_digest=in_force.lists_digest())


def led(engine: Engine, to: str, *, source: str, share: float = 1.0) -> PolicyVersion:
    """Propose a policy and lead it to a state, by two people; evidence must not be needed."""
    one, other = stage.staff("policy_admin"), stage.staff("policy_admin", name="Sam")
    version = services.propose_policy(source=source, viewer=one, reason="it is better")
    for state in ("shadow", "approved", "canary", "active"):
        if version.state == to:
            break
        version = services.move_policy(
            version_id=version.pk, to=state, viewer=other, reason="on", canary_share=share
        )
    assert version.state == to
    return version


def judge(content: str) -> str:
    """Let one output be made and judged; return the policy version that its verdict names."""
    from moderation.app.models import Verdict

    asset = stage.pending(content=content)
    stage.consume(asset)
    return Verdict.objects.select_related("policy").get(asset=asset).policy.version
