"""Policy versions, and the lists of fingerprints."""

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from moderation.app import services
from moderation.app.engine import Engine
from moderation.app.models import HashEntry, PolicyVersion
from moderation.core import hashes
from moderation.core import policy as policies
from tests.integration.moderation import stage
from tidegate.audit.models import Entry
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db

DIGITS = "ab" * 32


def changed(engine: Engine) -> policies.Policy:
    source = engine.policy.source.replace("hold_at: 3", "hold_at: 4")
    return policies.parse(source)


def test_a_policy_becomes_active_once_and_the_trail_says_so(engine: Engine) -> None:
    first = services.activate_policy(policy=engine.policy)
    again = services.activate_policy(policy=engine.policy)
    assert first.pk == again.pk
    entry = Entry.objects.get(action="policy.activated")
    assert (entry.chain, (entry.after or {})["version"]) == ("platform", engine.policy.version)


def test_a_changed_file_is_a_new_version_and_going_back_is_recorded_too(engine: Engine) -> None:
    for policy in (engine.policy, changed(engine), engine.policy):
        services.activate_policy(policy=policy)
    assert PolicyVersion.objects.count() == 2
    assert PolicyVersion.objects.get(active=True).version == engine.policy.version
    assert Entry.objects.filter(action="policy.activated").count() == 3


@pytest.mark.django_db(transaction=True)
def test_processes_that_start_together_agree_on_one_active_policy(
    engine: Engine, in_threads: Callable[[list[Callable[[], object]]], list[object]]
) -> None:
    results = in_threads([lambda: services.activate_policy(policy=engine.policy)] * 6)
    assert all(isinstance(result, PolicyVersion) for result in results)
    assert PolicyVersion.objects.count() == 1
    assert Entry.objects.filter(action="policy.activated").count() == 1


def picture(shift: int = 0) -> bytes:
    """Draw a picture with enough structure to be told apart; `shift` changes it a little."""
    image = Image.new("RGB", (160, 160), "white")
    draw = ImageDraw.Draw(image)
    for number in range(12):
        draw.ellipse(
            (number * 11, (number * 37) % 120, number * 11 + 40, (number * 37) % 120 + 30),
            fill=(number * 20, 255 - number * 15, (number * 67 + shift) % 255),
        )
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_a_picture_that_looks_like_a_listed_one_is_blocked(engine: Engine) -> None:
    original, alike = picture(), picture(shift=6)
    assert original != alike
    services.add_hash(
        kind="pdq",
        value=hashes.pdq(original).value,
        effect="block",
        viewer=stage.staff("senior_reviewer"),
        reason="known",
        hazard="sexual",
    )
    asset = stage.pending(modality="image", content=alike)
    stage.consume(asset)
    assert stage.visibility(asset) == "blocked"


def test_an_allowed_fingerprint_lifts_a_doubt_but_never_a_certainty(engine: Engine) -> None:
    keeper = stage.staff("policy_admin")
    doubtful, certain = b"violencemaybe in a museum", b"violencemark in a museum"
    for content in (doubtful, certain):
        services.add_hash(
            kind="sha256",
            value=hashes.sha256(content),
            effect="allow",
            viewer=keeper,
            reason="judged by a person",
        )
    one = stage.pending(content=doubtful.decode())
    other = stage.pending(content=certain.decode())
    stage.consume(one)
    stage.consume(other)
    assert [stage.visibility(one), stage.visibility(other)] == ["released", "blocked"]


def test_listing_twice_is_once_and_listing_otherwise_conflicts(engine: Engine) -> None:
    keeper = stage.staff("policy_admin")
    add = services.add_hash
    first = add(kind="sha256", value=DIGITS.upper(), effect="hold", viewer=keeper, reason="known")
    assert first.value == DIGITS
    assert add(kind="sha256", value=DIGITS, effect="hold", viewer=keeper, reason="x").pk == first.pk
    with pytest.raises(Conflict):
        add(kind="sha256", value=DIGITS, effect="block", viewer=keeper, reason="known")
    assert Entry.objects.filter(action="hash.listed").count() == 1


@pytest.mark.parametrize(
    ("kind", "value", "effect", "reason"),
    [
        ("md5", DIGITS, "block", "known"),
        ("sha256", DIGITS, "burn", "known"),
        ("sha256", "ab", "block", "known"),
        ("sha256", "xy" * 32, "block", "known"),
        ("sha256", DIGITS, "block", "  "),
    ],
)
def test_a_listing_that_says_nothing_usable_is_refused(
    engine: Engine, kind: str, value: str, effect: str, reason: str
) -> None:
    with pytest.raises(InvalidInput):
        services.add_hash(
            kind=kind,
            value=value,
            effect=effect,
            viewer=stage.staff("policy_admin"),
            reason=reason,
        )


def test_a_removed_entry_is_gone_and_the_trail_keeps_it(engine: Engine) -> None:
    keeper = stage.staff("policy_admin")
    entry = services.add_hash(
        kind="pdq", value=DIGITS, effect="block", viewer=keeper, reason="known"
    )
    services.remove_hash(entry_id=entry.pk, viewer=keeper, reason="a mistake")
    assert not HashEntry.objects.exists()
    assert (Entry.objects.get(action="hash.unlisted").before or {})["value"] == DIGITS
    with pytest.raises(NotFound):
        services.remove_hash(entry_id=new_id(), viewer=keeper, reason="a mistake")


def test_a_plain_reviewer_does_not_edit_the_lists_by_hand(engine: Engine) -> None:
    with pytest.raises(NotAllowed):
        services.add_hash(
            kind="pdq",
            value=DIGITS,
            effect="block",
            viewer=stage.staff("reviewer"),
            reason="known",
        )
