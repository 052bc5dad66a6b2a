"""Judging an asset: its bytes, what the hash lists say, what the detectors say. No writes."""

from collections.abc import Sequence

import structlog

from moderation.app.engine import Engine
from moderation.app.examination import SURFACES, WRITTEN, Examination, Output
from moderation.app.fingerprints import listed_alike, listed_exactly, original_digests
from moderation.app.judgement import Judgement, judgement_of
from moderation.core.hashes import NotAPicture, pdq, sha256
from tidegate.assets import storage
from tidegate.assets.models import Asset

log = structlog.get_logger(__name__)


def judge_asset(asset: Asset, engine: Engine) -> Judgement:
    """Examine an asset and its prompt under the engine's policy.

    Takes as long as the slowest detector. An outage, of a detector or of the storage, is an
    answer ("unavailable") and not an exception.
    """
    digests = list(original_digests(asset))
    is_read = asset.modality in WRITTEN and bool(asset.text.strip())
    is_judged = SURFACES.get(asset.modality, "text") != "text"
    data = _read(asset, digests) if is_judged and not is_read else b""
    look = _look(data) if data and asset.modality == "image" else ""
    output_texts = [asset.text] if asset.text.strip() else []
    examination: Examination = engine.examiner.output(
        Output(
            modality=asset.modality,
            prompt=asset.prompt,
            text=asset.text,
            data=data,
            prompt_hits=tuple(listed_exactly(texts=[asset.prompt])),
            output_hits=(
                *listed_exactly(sha256s=digests, texts=output_texts),
                *listed_alike(look),
            ),
        ),
        deadline=engine.configuration.asset_deadline,
    )
    return judgement_of(examination, policy=engine.policy, pdq=look)


def judge_picture(data: bytes, *, source_sha256: str, engine: Engine) -> Judgement:
    """Examine a picture that somebody brought along, as an output without a prompt is examined.

    `source_sha256` is the digest of the file as it came, before it was encoded anew. An outage is
    an answer ("unavailable") and not an exception.
    """
    look = _look(data)
    examination = engine.examiner.output(
        Output(
            modality="image",
            prompt="",
            text="",
            data=data,
            output_hits=(
                *listed_exactly(sha256s=[source_sha256, sha256(data)]),
                *listed_alike(look),
            ),
        ),
        deadline=engine.configuration.picture_deadline,
    )
    return judgement_of(examination, policy=engine.policy, pdq=look)


def _read(asset: Asset, digests: Sequence[str]) -> bytes | None:
    """Return the original's bytes, or None when the storage cannot give them whole.

    Bytes are stored before their row, so missing ones are a storage that is away or damaged:
    that is waited for, and then shown to a person, like any other outage.
    """
    try:
        return storage.read(digests[0])
    except (OSError, IndexError, storage.DamagedBlob) as error:
        log.warning("media_not_readable", asset_id=str(asset.pk), error=str(error))
        return None


def _look(data: bytes) -> str:
    """Return a picture's PDQ, or empty: undecodable bytes are for the detectors to refuse."""
    try:
        hashed = pdq(data)
    except NotAPicture:
        return ""
    return hashed.value if hashed.is_usable else ""
