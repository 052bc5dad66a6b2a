"""Films are known again by their pictures: whole, cut out, or inside a longer film."""

import json

import pytest
from PIL import Image

from moderation.app import services
from moderation.app.engine import Engine
from moderation.app.fingerprints import listed_films
from moderation.app.models import Case, HashBank, HashEntry, HashFrame, Verdict
from moderation.app.selectors import bank_named, exported
from moderation.app.services.banks import standard_bank
from moderation.core import film_hashes
from moderation.core.film_hashes import Frame
from moderation.core.hashes import MATCH_DISTANCE, pdq
from tests.fakes.detectors import FRAME
from tests.integration.moderation import stage
from tests.unit.moderation.test_banks import flipped
from tests.unit.moderation.test_hashes import encoded, scene
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import InvalidInput

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper() -> Viewer:
    return stage.staff("policy_admin")


def film(*scenes: int, quality: int = 95) -> bytes:
    """A film for the fake cutter: a picture of each number, as JPEG."""
    return b"".join(FRAME + encoded(scene(one), "JPEG", quality=quality) for one in scenes)


def frames_of(*scenes: int) -> list[Frame]:
    hashed = [pdq(encoded(scene(one), "JPEG", quality=95)) for one in scenes]
    return [Frame(one.value, one.quality, 0.5 * at) for at, one in enumerate(hashed)]


def ruled_out(*scenes: int) -> Verdict:
    """Judge a film whose prompt is doubtful, let a reviewer block and list it."""
    asset = stage.pending(modality="video", prompt="some violencemaybe", content=film(*scenes))
    stage.consume(asset)
    services.decide_case(
        case_id=stage.case_of(asset).pk,
        action="block",
        viewer=stage.staff("senior_reviewer"),
        reason="Cruel from the first picture to the last.",
        list_hashes=True,
    )
    return Verdict.objects.get(asset=asset)


def seen(*scenes: int, quality: int = 95) -> str:
    asset = stage.pending(modality="video", content=film(*scenes, quality=quality))
    stage.consume(asset)
    return stage.visibility(asset)


def test_a_ruled_out_film_is_known_again_whole_cut_and_inside_another(engine: Engine) -> None:
    verdict = ruled_out(1, 2, 3, 4, 5)

    entry = HashEntry.objects.get(kind="vpdq")
    assert entry.value == film_hashes.digest(film_hashes.read(verdict.film_hash))
    assert entry.frames.count() == 5
    assert seen(1, 2, 3, 4, 5, quality=40) == "blocked"
    assert seen(2, 3, 4) == "blocked"
    assert seen(20, 21, 1, 2, 3, 4, 5, 22, 23, 24, 25) == "blocked"
    assert seen(1, 2, 20, 21, 22) == "released"
    assert seen(3) == "released"


def test_a_picture_of_a_ruled_out_film_is_not_ruled_out_by_itself(engine: Engine) -> None:
    ruled_out(1, 2, 3, 4)

    assert not HashEntry.objects.filter(kind="pdq").exists()
    still = stage.pending(modality="image", content=encoded(scene(1), "JPEG", quality=95))
    stage.consume(still)
    assert stage.visibility(still) == "released"


def test_a_film_without_structure_has_no_hash_and_meets_no_list(
    engine: Engine, keeper: Viewer
) -> None:
    flat = encoded(Image.new("RGB", (64, 64), "teal"))
    asset = stage.pending(modality="video", content=(FRAME + flat) * 4)
    stage.consume(asset)

    assert Verdict.objects.get(asset=asset).film_hash == ""
    assert listed_films(content="c" * 64, frames=[Frame("0" * 64, 0, 0.0)] * 4) == []


@pytest.mark.parametrize(
    ("bits", "found"), [(MATCH_DISTANCE, 1), (MATCH_DISTANCE + 1, 0)], ids=["reach", "beyond"]
)
def test_pictures_are_the_same_within_31_bits(keeper: Viewer, bits: int, found: int) -> None:
    frames = frames_of(1, 2, 3)
    entry = services.add_hash(
        viewer=keeper,
        bank_id=standard_bank(HashBank.Effect.BLOCK).pk,
        kind="vpdq",
        value=film_hashes.write(frames),
        reason="a partner's",
    )
    changed = [
        Frame(flipped(frame.value, list(range(0, 8 * bits, 8))), 100, frame.at_seconds)
        for frame in frames
    ]

    hits = listed_films(content="c" * 64, frames=changed)

    assert [hit.entry for hit in hits] == [str(entry.pk)] * found
    assert all(hit.distance == bits for hit in hits)


def test_each_bank_speaks_with_its_nearest_film_and_paused_ones_are_silent(keeper: Viewer) -> None:
    frames = frames_of(1, 2, 3)
    near = [Frame(flipped(frame.value, [0, 9]), 100, frame.at_seconds) for frame in frames]
    bank = standard_bank(HashBank.Effect.HOLD)
    exact, other = (
        services.add_hash(
            viewer=keeper,
            bank_id=bank.pk,
            kind="vpdq",
            value=film_hashes.write(one),
            reason="a partner's",
        )
        for one in (frames, near)
    )

    def found() -> list[tuple[str, int]]:
        return [(hit.entry, hit.distance) for hit in listed_films(content="c" * 64, frames=frames)]

    assert found() == [(str(exact.pk), 0)]
    services.pause_hash(entry_id=exact.pk, viewer=keeper, reason="It is a trailer.")
    assert found() == [(str(other.pk), 2)]


def test_a_list_of_films_is_taken_up_once_and_handed_on_as_it_came(keeper: Viewer) -> None:
    bank = standard_bank(HashBank.Effect.BLOCK)
    frames = frames_of(1, 2, 3)
    text = json.dumps(
        [{"raw_indicator": film_hashes.write(frames), "type": "HASH_VIDEO_VPDQ", "owner": "them"}]
    )

    first, second = (
        services.import_hashes(
            bank_id=bank.pk, text=text, form="json", viewer=keeper, reason="a partner's list"
        )
        for _ in range(2)
    )

    assert ((first.added, first.unchanged), (second.added, second.unchanged)) == ((1, 0), (0, 1))
    assert HashFrame.objects.count() == 3
    [row] = json.loads(exported(keeper, bank_id=bank_named(keeper, "block").pk, form="json"))[
        "data"
    ]
    assert row["type"] == "HASH_VIDEO_VPDQ"
    assert film_hashes.read(row["raw_indicator"]) == tuple(frames)


def test_a_listing_that_is_no_film_hash_is_refused_and_leaves_nothing(keeper: Viewer) -> None:
    with pytest.raises(InvalidInput, match="a quality and a moment"):
        services.add_hash(
            viewer=keeper, effect="block", kind="vpdq", value=json.dumps(["ab"]), reason="a test"
        )
    assert not HashEntry.objects.exists()


def test_a_film_on_an_allow_list_does_not_lift_a_doubt(engine: Engine, keeper: Viewer) -> None:
    services.add_hash(
        viewer=keeper,
        effect="allow",
        kind="vpdq",
        value=film_hashes.write(frames_of(1, 2, 3)),
        reason="our own trailer",
    )
    asset = stage.pending(modality="video", prompt="some violencemaybe", content=film(1, 2, 3))
    stage.consume(asset)

    assert stage.visibility(asset) == "held"
    assert Case.objects.filter(asset=asset).exists()
