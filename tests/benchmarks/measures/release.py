"""From a generator's last byte to the released asset.

The worker stores the bytes the moment the generator is done, so the time of the stored file is
that of the last byte; `released_at` is set in the transaction that releases. Between them lie the
asset's row, the outbox, the relay, the broker, the consumer and the detectors.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from django.core.files.storage import storages

from moderation.app.models import Verdict
from tests.benchmarks.figures import Result, Target, percentile
from tests.benchmarks.stand import Client, Stand
from tidegate.assets.models import Asset, Rendition
from tidegate.assets.storage import name_of

_RUNS: tuple[tuple[str, str, str, Mapping[str, object], int], ...] = (
    ("text", "smollm2-135m", "Write one sentence about the number {}.", {"max_tokens": 16}, 24),
    ("image", "tidegate-image", "a red apple", {"steps": 8}, 8),
    ("speech", "kokoro-82m", "Ship number {} is in the harbour.", {}, 8),
)
_PATIENCE_SECONDS = 120.0


def measure(stand: Stand) -> Result:
    """Return milliseconds, total and without the time in detectors, over all and per modality."""
    client = Client.fresh(stand.url)
    result = Result("release")
    everything: list[tuple[float, float]] = []
    for modality, model, prompt, parameters, times in _RUNS:
        rows: list[tuple[float, float]] = []
        for index in range(-1, times):
            seed = time.time_ns() // 1000 % 2**50
            job = client.ask(model, prompt.format(100 + index), seed=seed, **parameters)
            asset = _released(client, str(job["id"]))
            if index >= 0 and asset is not None:
                rows.append(_taken(asset))
        result.figures[f"{modality}_released_count"] = len(rows)
        if rows:
            _add(result, f"{modality}_", rows)
        everything += rows
    _add(result, "", everything)
    result.targets = [
        Target(
            "last byte to release without detectors, p50 (ms)",
            150,
            result.figures["without_detectors_p50_ms"],
        )
    ]
    return result


def _add(result: Result, prefix: str, rows: list[tuple[float, float]]) -> None:
    for name, values in (
        ("total", [total for total, _ in rows]),
        ("without_detectors", [rest for _, rest in rows]),
    ):
        result.figures[f"{prefix}{name}_p50_ms"] = percentile(values, 0.5)
        result.figures[f"{prefix}{name}_p95_ms"] = percentile(values, 0.95)


def _released(client: Client, job_id: str) -> Asset | None:
    """Wait for the job's asset to be judged; None when it was not released."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for _ in client.events(job_id):
        pass  # the stream ends with the verdict
    while time.monotonic() < deadline:
        asset = Asset.objects.filter(job_id=job_id).exclude(visibility="pending").first()
        if asset is not None:
            return asset if asset.visibility == "released" else None
        time.sleep(0.05)
    raise RuntimeError(f"no verdict for job {job_id}: {client.job(job_id)}")


def _taken(asset: Asset) -> tuple[float, float]:
    """Return (total, without detectors) in milliseconds."""
    digest = Rendition.objects.get(asset=asset, kind="original").blob_id
    stored = Path(storages["media"].path(name_of(digest))).stat().st_mtime
    if asset.released_at is None:
        raise RuntimeError(f"{asset.pk} is not released")
    total = (asset.released_at.timestamp() - stored) * 1000
    judged = Verdict.objects.filter(asset=asset).earliest("created_at").judged_in_ms
    return total, total - judged
