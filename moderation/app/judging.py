"""Judging an asset: its bytes, what the hash lists say, what the detectors say. No writes."""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from moderation.app.audiences import serving
from moderation.app.engine import Engine
from moderation.app.examination import SURFACES, WRITTEN, Examination, Output
from moderation.app.film_examination import examine_film
from moderation.app.fingerprints import (
    content_digest,
    hash_of,
    listed,
    listed_films,
    look_of,
    original_digests,
)
from moderation.app.judgement import Judgement, judgement_of
from moderation.app.selectors.authors import author_facts, lineage_of
from moderation.app.selectors.earlier import earlier_outputs, request_of
from moderation.core import film_hashes, spam
from moderation.core.context import Context
from moderation.core.decisions import HashHit
from moderation.core.failures import NO_BYTES, UNREADABLE
from moderation.core.films import Film, Still, joined, unavailable
from moderation.core.hashes import sha256
from moderation.core.near_texts import simhash
from moderation.core.signals import Signal
from tidegate.assets import storage
from tidegate.assets.models import Asset, Rendition
from tidegate.projects.models import Project

log = structlog.get_logger(__name__)


def judge_asset(asset: Asset, engine: Engine) -> Judgement:
    """Examine an asset and its prompt under the engine's policy as it is for the asset's audience.

    Takes as long as the slowest detector. An outage, of a detector or of the storage, is an
    answer ("unavailable") and not an exception.
    """
    engine, context = _around(asset, engine)
    if asset.modality == "video":
        return _judge_film(asset, engine, context)
    digests = list(original_digests(asset))
    is_read = asset.modality in WRITTEN and bool(asset.text.strip())
    is_judged = SURFACES.get(asset.modality, "text") != "text"
    data = _read(asset, digests) if is_judged and not is_read else b""
    look = look_of(data) if data and asset.modality == "image" else ""
    reading = simhash(asset.text)
    examination: Examination = engine.examiner.output(
        Output(
            modality=asset.modality,
            prompt=asset.prompt,
            text=asset.text,
            data=data,
            prompt_hits=_prompt_hits(asset),
            output_hits=tuple(
                listed(
                    content=_content(asset, digests), sha256s=digests, text=asset.text, look=look
                )
            ),
            context=context,
            about_author=_about_author(asset, engine, look=look, reading=reading),
        ),
        deadline=engine.configuration.asset_deadline,
    )
    return judgement_of(examination, policy=engine.policy, pdq=look, simhash=reading)


def _judge_film(asset: Asset, engine: Engine, context: Context) -> Judgement:
    """Examine a video with all its forms: film, preview and poster are what people see of it.

    An outage is an answer ("unavailable") and not an exception.
    """
    film = joined([_taken_apart(one, engine) for one in asset.renditions.all()])
    hashed = [(still, look) for still in film.stills if (look := hash_of(still.data))]
    looks = list(dict.fromkeys(look.value for _, look in hashed if look.is_usable))
    # A poster is no moment of the film, and would make two films differ that do not.
    frames = film_hashes.comparable(
        film_hashes.Frame(look.value, look.quality, still.at_ms / 1_000)
        for still, look in hashed
        if still.at_ms is not None
    )
    reading = simhash(asset.text)
    digests = list(original_digests(asset))
    content = _content(asset, digests)
    exact = listed(content=content, sha256s=digests, text=asset.text)
    alike = [hit for look in looks for hit in listed(content=content, look=look)]
    same = listed_films(content=content, frames=frames)
    examination = examine_film(
        engine.examiner,
        Output(
            modality=asset.modality,
            prompt=asset.prompt,
            text=asset.text,
            data=None,
            prompt_hits=_prompt_hits(asset),
            output_hits=(*exact, *{hit.entry: hit for hit in alike}.values(), *same),
            context=context,
            about_author=_about_author(
                asset, engine, look=looks[0] if looks else "", reading=reading
            ),
        ),
        film,
        deadline=engine.configuration.film_deadline,
    )
    return judgement_of(
        examination,
        policy=engine.policy,
        pdq=looks[0] if looks else "",
        film_hash=film_hashes.write(frames) if frames else "",
        simhash=reading,
    )


def _taken_apart(rendition: Rendition, engine: Engine) -> Film:
    """Return what can be seen and heard in one form of a video; its words are the asset's text."""
    kind = rendition.media_type.partition("/")[0]
    if kind == "text":
        return Film((), (), ())
    if kind not in {"video", "image"}:
        return unavailable(
            f"{UNREADABLE}: nobody can judge a {rendition.kind} of {rendition.media_type}"
        )
    try:
        data = storage.read(rendition.blob_id)
    except (OSError, storage.DamagedBlob) as error:
        log.warning("media_not_readable", asset_id=str(rendition.asset_id), error=str(error))
        return unavailable(NO_BYTES)
    if kind == "image":
        return Film((Still(data),), (), ())
    return engine.detectors.cut(data, engine.configuration.asset_deadline)


def judge_picture(data: bytes, *, source_sha256: str, engine: Engine) -> Judgement:
    """Examine a picture that somebody brought along, as an output without a prompt is examined.

    `source_sha256` is the digest of the file as it came, before it was encoded anew. An outage is
    an answer ("unavailable") and not an exception.
    """
    look = look_of(data)
    examination = engine.examiner.output(
        Output(
            modality="image",
            prompt="",
            text="",
            data=data,
            output_hits=tuple(
                listed(content=source_sha256, sha256s=[source_sha256, sha256(data)], look=look)
            ),
            context=Context(),
        ),
        deadline=engine.configuration.picture_deadline,
    )
    return judgement_of(examination, policy=engine.policy, pdq=look)


def _around(asset: Asset, engine: Engine) -> tuple[Engine, Context]:
    """Return the engine for an asset's audience, and all that is known around the asset."""
    shown_to = Project.objects.values_list("audience", flat=True).get(pk=asset.project_id)
    served = serving(engine, asset.organisation_id, asset.project_id, shown_to=shown_to)
    context = replace(
        served.context,
        author=author_facts(asset.owner_id, besides=asset.pk),
        lineage=lineage_of(asset),
    )
    return served.engine, context


def _about_author(asset: Asset, engine: Engine, *, look: str, reading: str) -> tuple[Signal, ...]:
    """Return what the author's latest outputs say of this one, where the policy wants to know."""
    if spam.DETECTOR not in engine.policy.detectors:
        return ()
    limits = engine.configuration.spam_limits
    return (
        spam.judge(
            pdq=look,
            simhash=reading,
            request=request_of(asset),
            earlier=earlier_outputs(asset, seconds=limits.seconds),
            limits=limits,
        ),
    )


def _prompt_hits(asset: Asset) -> tuple[HashHit, ...]:
    return tuple(listed(content=content_digest(asset.prompt), text=asset.prompt))


def _content(asset: Asset, digests: Sequence[str]) -> str:
    """Return what tells this output from others; one whose bytes have no row is known by its id."""
    return digests[0] if digests else content_digest(str(asset.pk))


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
