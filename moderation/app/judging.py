"""Judging an asset: its bytes, what the hash lists say, what the detectors say. No writes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import structlog

from moderation.app.audiences import serving
from moderation.app.batch_examination import waves
from moderation.app.engine import Engine
from moderation.app.examination import SURFACES, WRITTEN, Output
from moderation.app.film_examination import examine_film
from moderation.app.fingerprints import (
    Sought,
    all_listed,
    content_digest,
    digests_of_originals,
    hash_of,
    listed,
    listed_films,
    look_of,
)
from moderation.app.judgement import Judgement, judgement_of
from moderation.app.memo import Memo
from moderation.app.selectors.authors import facts_of_authors, lineages_of
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

# How the texts read that are being judged: of one that has no verdict yet, nobody else knows, and
# many of one author may be judged at once.
_readings: Final[Memo[UUID, str]] = Memo(entries=4_096, seconds=600.0)


@dataclass(frozen=True, slots=True)
class _Around:
    """What is known around an asset before anything is asked about it.

    `digests` are those of its original, `prompt_hits` what the hash banks say of its prompt.
    """

    engine: Engine
    context: Context
    digests: Sequence[str]
    prompt_hits: tuple[HashHit, ...]


def judge_asset(asset: Asset, engine: Engine) -> Judgement:
    """Examine an asset and its prompt under the engine's policy as it is for the asset's audience.

    Takes as long as the slowest detector. An outage, of a detector or of the storage, is an
    answer ("unavailable") and not an exception.
    """
    (around,) = _all_around([(asset, engine)])
    if asset.modality == "video":
        return _judge_film(asset, around)
    is_read = asset.modality in WRITTEN and bool(asset.text.strip())
    is_judged = SURFACES.get(asset.modality, "text") != "text"
    data = _read(asset, around.digests) if is_judged and not is_read else b""
    look = look_of(data) if data and asset.modality == "image" else ""
    reading = simhash(asset.text)
    examination = around.engine.examiner.output(
        _output(
            asset,
            around,
            data=data,
            output_hits=listed(
                content=_content(asset, around.digests),
                sha256s=around.digests,
                text=asset.text,
                look=look,
            ),
            about_author=_about_author(asset, around.engine, look=look, reading=reading),
        ),
        deadline=around.engine.configuration.asset_deadline,
    )
    return judgement_of(examination, policy=around.engine.policy, pdq=look, simhash=reading)


def judge_texts(given: Sequence[tuple[Asset, Engine]]) -> list[Judgement | Exception]:
    """Judge many texts as `judge_asset` does each, with one reading of what is known around them.

    Detectors are asked about all that fit into a wave at once. What goes wrong with one is given
    in its place.
    """
    arounds = _all_around(given)
    assets = [asset for asset, _ in given]
    readings = [simhash(asset.text) for asset in assets]
    output_hits = all_listed(
        [
            Sought(_content(asset, around.digests), around.digests, asset.text)
            for asset, around in zip(assets, arounds, strict=True)
        ]
    )
    about_authors = _about_authors(assets, arounds, readings)
    judged: list[Judgement | Exception] = []
    ready = list(zip(assets, arounds, readings, output_hits, about_authors, strict=True))
    for wave in waves([len(asset.text) + len(asset.prompt) for asset in assets]):
        examinations = [
            around.engine.examiner.start_output(
                _output(asset, around, data=b"", output_hits=hits, about_author=about_author),
                deadline=around.engine.configuration.asset_deadline,
            )
            for asset, around, _, hits, about_author in ready[wave]
        ]
        for examine, (_, around, reading, _, _) in zip(examinations, ready[wave], strict=True):
            try:
                judged.append(judgement_of(examine(), policy=around.engine.policy, simhash=reading))
            except Exception as error:  # noqa: BLE001 - its own, for the caller to note and to raise
                judged.append(error)
    return judged


def _judge_film(asset: Asset, around: _Around) -> Judgement:
    """Examine a video with all its forms: film, preview and poster are what people see of it.

    An outage is an answer ("unavailable") and not an exception.
    """
    engine = around.engine
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
    content = _content(asset, around.digests)
    exact = listed(content=content, sha256s=around.digests, text=asset.text)
    alike = [hit for look in looks for hit in listed(content=content, look=look)]
    same = listed_films(content=content, frames=frames)
    examination = examine_film(
        engine.examiner,
        _output(
            asset,
            around,
            data=None,
            output_hits=(*exact, *{hit.entry: hit for hit in alike}.values(), *same),
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


def _all_around(given: Sequence[tuple[Asset, Engine]]) -> list[_Around]:
    """Return what is known around assets, with the engines for their audiences; few queries."""
    assets = [asset for asset, _ in given]
    shown_to = dict(
        Project.objects.values_list("pk", "audience").filter(
            pk__in={asset.project_id for asset in assets}
        )
    )
    authors = facts_of_authors({asset.pk: asset.owner_id for asset in assets})
    lineages = lineages_of(assets)
    digests = digests_of_originals(assets)
    prompt_hits = all_listed(
        [Sought(content_digest(asset.prompt), text=asset.prompt) for asset in assets]
    )
    found = []
    for (asset, engine), hits in zip(given, prompt_hits, strict=True):
        served = serving(
            engine, asset.organisation_id, asset.project_id, shown_to=shown_to[asset.project_id]
        )
        context = replace(served.context, author=authors[asset.pk], lineage=lineages[asset.pk])
        found.append(_Around(served.engine, context, digests[asset.pk], tuple(hits)))
    return found


def _output(
    asset: Asset,
    around: _Around,
    *,
    data: bytes | None,
    output_hits: Iterable[HashHit],
    about_author: tuple[Signal, ...],
) -> Output:
    return Output(
        modality=asset.modality,
        prompt=asset.prompt,
        text=asset.text,
        data=data,
        prompt_hits=around.prompt_hits,
        output_hits=tuple(output_hits),
        context=around.context,
        about_author=about_author,
    )


def _about_author(asset: Asset, engine: Engine, *, look: str, reading: str) -> tuple[Signal, ...]:
    """Return what the author's latest outputs say of this one, where the policy wants to know."""
    if spam.DETECTOR not in engine.policy.detectors:
        return ()
    limits = engine.configuration.spam_limits
    earlier = earlier_outputs([asset], seconds=limits.seconds, reading_of=_readings.get)
    return (_repeats(asset, earlier[asset.pk], limits, look=look, reading=reading),)


def _about_authors(
    assets: Sequence[Asset], arounds: Sequence[_Around], readings: Sequence[str]
) -> list[tuple[Signal, ...]]:
    """Return what `_about_author` does of each text, those judged with it counted."""
    wanted = [
        asset
        for asset, around in zip(assets, arounds, strict=True)
        if spam.DETECTOR in around.engine.policy.detectors
    ]
    if not wanted:
        return [()] * len(assets)
    for asset, reading in zip(assets, readings, strict=True):
        _readings.put(asset.pk, reading)
    limits = arounds[0].engine.configuration.spam_limits
    earlier = earlier_outputs(wanted, seconds=limits.seconds, reading_of=_readings.get)
    return [
        (_repeats(asset, earlier[asset.pk], limits, look="", reading=reading),)
        if asset.pk in earlier
        else ()
        for asset, reading in zip(assets, readings, strict=True)
    ]


def _repeats(
    asset: Asset, earlier: Sequence[spam.Earlier], limits: spam.Limits, *, look: str, reading: str
) -> Signal:
    return spam.judge(
        pdq=look, simhash=reading, request=request_of(asset), earlier=earlier, limits=limits
    )


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
