"""Banks: what live entries say, shares of the traffic, the fuse."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from moderation.app import services
from moderation.app.configuration import configuration
from moderation.app.engine import Engine
from moderation.app.fingerprints import content_digest, listed
from moderation.app.gate import ModerationGate
from moderation.app.models import Case, HashBank, HashEntry, HashMatch, Verdict
from moderation.core.draws import is_drawn
from moderation.core.hashes import MATCH_DISTANCE, distance, sha256
from moderation.core.near_texts import simhash
from tests.integration.moderation import stage
from tests.unit.moderation.test_banks import flipped
from tests.unit.moderation.test_near_texts import CHINESE, ENGLISH
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.audit.models import Entry
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db

DIGITS = "ab" * 32


@pytest.fixture
def keeper() -> Viewer:
    return stage.staff("policy_admin")


def bank(keeper: Viewer, effect: str = "block", **given: object) -> HashBank:
    fields = {"name": f"bank {new_id()}", "effect": effect, "reason": "a partner's"} | given
    return services.create_bank(viewer=keeper, **fields)  # type: ignore[arg-type]


def near_text(keeper: Viewer, text: str, place: HashBank, **given: object) -> HashEntry:
    fields = {"kind": "simhash", "value": simhash(text), "reason": "seen before"} | given
    return services.add_hash(viewer=keeper, bank_id=place.pk, **fields)  # type: ignore[arg-type]


def variant(number: int) -> str:
    """A text near ENGLISH, another for each number."""
    return ENGLISH + " " + "!" * (number + 1)


def judged(number: int) -> Asset:
    asset = stage.pending(content=variant(number))
    stage.consume(asset)
    return asset


@pytest.mark.parametrize(
    ("effect", "seen"), [("block", "blocked"), ("hold", "held"), ("allow", "released")]
)
@pytest.mark.parametrize(
    "pair",
    [
        (ENGLISH, ENGLISH.replace("two boats", "three boats")),
        (CHINESE, CHINESE.replace("清晨", "早晨")),
    ],
)
def test_a_near_text_gets_what_its_bank_says(
    engine: Engine, keeper: Viewer, effect: str, seen: str, pair: tuple[str, str]
) -> None:
    near_text(keeper, pair[0], bank(keeper, effect))
    asset = stage.pending(content=pair[1])
    stage.consume(asset)
    assert stage.visibility(asset) == seen


def test_a_near_text_on_an_allow_bank_lifts_no_doubt(engine: Engine, keeper: Viewer) -> None:
    doubtful = f"{ENGLISH} violencemaybe"
    near_text(keeper, doubtful, bank(keeper, "allow"))
    asset = stage.pending(content=doubtful)
    stage.consume(asset)
    assert stage.visibility(asset) == "held"


def test_a_near_prompt_is_blocked_too(gate: ModerationGate, keeper: Viewer) -> None:
    near_text(keeper, ENGLISH, bank(keeper))
    ruling = gate.screen_prompt(prompt=variant(1), modality="image", correlation_id=new_id())
    assert (ruling.verdict, ruling.reasons) == ("block", ("listed",))
    assert HashMatch.objects.get().content == content_digest(variant(1))


def test_an_entry_matches_until_it_expires_and_not_while_it_is_paused(
    engine: Engine, keeper: Viewer
) -> None:
    entry = near_text(keeper, ENGLISH, bank(keeper))

    def is_found() -> bool:
        return bool(listed(content="x", text=variant(1)))

    assert is_found()
    services.pause_hash(entry_id=entry.pk, viewer=keeper, reason="too broad")
    assert not is_found()
    services.resume_hash(entry_id=entry.pk, viewer=keeper, reason="looked at")
    assert is_found()
    later = now() + timedelta(days=1)
    services.set_hash_expiry(entry_id=entry.pk, viewer=keeper, expires_at=later, reason="for now")
    assert is_found()
    HashEntry.objects.filter(pk=entry.pk).update(expires_at=now() - timedelta(seconds=1))
    assert not is_found()
    assert stage.trail(entry.pk) == ["hash.listed", "hash.paused", "hash.resumed", "hash.changed"]


def test_what_is_said_twice_is_recorded_once(engine: Engine, keeper: Viewer) -> None:
    entry = near_text(keeper, ENGLISH, bank(keeper))
    for _ in range(2):
        services.pause_hash(entry_id=entry.pk, viewer=keeper, reason="too broad")
    for _ in range(2):
        services.resume_hash(entry_id=entry.pk, viewer=keeper, reason="looked at")
    for _ in range(2):
        services.set_hash_expiry(entry_id=entry.pk, viewer=keeper, expires_at=None, reason="no")
    assert stage.trail(entry.pk) == ["hash.listed", "hash.paused", "hash.resumed"]


@pytest.mark.parametrize("role", ["reviewer", "auditor"])
def test_only_keepers_edit_entries_and_only_policy_admins_banks(
    engine: Engine, keeper: Viewer, role: str
) -> None:
    entry = near_text(keeper, ENGLISH, bank(keeper))
    other = stage.staff(role)
    for call in (
        lambda: services.pause_hash(entry_id=entry.pk, viewer=other, reason="x"),
        lambda: services.resume_hash(entry_id=entry.pk, viewer=other, reason="x"),
        lambda: services.set_hash_expiry(
            entry_id=entry.pk, viewer=other, expires_at=None, reason="x"
        ),
        lambda: services.import_hashes(
            bank_id=entry.bank_id, text="", form="csv", viewer=other, reason="x"
        ),
        lambda: bank(other),
        lambda: bank(stage.staff("senior_reviewer")),
    ):
        with pytest.raises(NotAllowed):
            call()


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": " "}, InvalidInput),
        ({"name": "x" * 81}, InvalidInput),
        ({"effect": "burn"}, InvalidInput),
        ({"enabled_share": 1.01}, InvalidInput),
        ({"enabled_share": float("nan")}, InvalidInput),
        ({"fuse_matches": 0}, InvalidInput),
        ({"fuse_seconds": 10**9}, InvalidInput),
        ({"reason": ""}, InvalidInput),
        ({"name": "taken"}, Conflict),
    ],
)
def test_a_bank_that_cannot_be_is_refused(
    engine: Engine, keeper: Viewer, fields: dict[str, object], error: type[Exception]
) -> None:
    bank(keeper, name="taken")
    with pytest.raises(error):
        bank(keeper, **fields)  # type: ignore[arg-type]


def test_a_change_of_a_bank_is_recorded_and_needs_a_bank(engine: Engine, keeper: Viewer) -> None:
    place = bank(keeper)
    for _ in range(2):
        services.change_bank(
            bank_id=place.pk,
            viewer=keeper,
            reason="slowly",
            enabled_share=0.5,
            fuse_matches=3,
            fuse_seconds=None,
        )
    assert stage.trail(place.pk) == ["bank.created", "bank.changed"]
    with pytest.raises(NotFound):
        services.change_bank(
            bank_id=new_id(),
            viewer=keeper,
            reason="slowly",
            enabled_share=0.5,
            fuse_matches=3,
            fuse_seconds=None,
        )


def test_a_bank_has_a_say_about_its_share_and_a_retry_draws_the_same(
    engine: Engine, keeper: Viewer
) -> None:
    place = bank(keeper, enabled_share=0.5)
    near_text(keeper, ENGLISH, place)
    contents = [content_digest(variant(number)) for number in range(40)]
    first = [bool(listed(content=one, text=ENGLISH)) for one in contents]
    assert first == [bool(listed(content=one, text=ENGLISH)) for one in contents]
    assert first == [is_drawn(str(place.pk), one, share=0.5) for one in contents]
    assert 0 < sum(first) < len(first)
    HashBank.objects.filter(pk=place.pk).update(enabled_share=0.0)
    assert not any(listed(content=one, text=ENGLISH) for one in contents)


def test_every_near_hash_is_found_and_each_bank_speaks_with_its_nearest(
    engine: Engine, keeper: Viewer
) -> None:
    one, other = bank(keeper, "hold"), bank(keeper, "hold")
    look = sha256(b"a picture")
    for number, (place, flips) in enumerate(
        [(one, 31), (one, 12), (one, 32), (other, 30), (other, 200)]
    ):
        bits = [(bit * 83 + number) % 256 for bit in range(flips)]
        HashEntry.objects.create(bank=place, kind="pdq", value=flipped(look, bits), reason="x")
    hits = listed(content="x", look=look)
    assert [(hit.bank, hit.distance) for hit in hits] == [(one.name, 12), (other.name, 30)]
    for hit in hits:
        assert distance(hit.value, look) == hit.distance <= MATCH_DISTANCE


def test_near_hashes_are_looked_up_by_index(engine: Engine, keeper: Viewer) -> None:
    place = bank(keeper, "hold")
    HashEntry.objects.bulk_create(
        HashEntry(bank=place, kind="pdq", value=sha256(str(number).encode()), reason="x")
        for number in range(3000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE moderation_hash_entry")
        cursor.execute(
            "EXPLAIN SELECT 1 FROM moderation_hash_entry"
            " WHERE kind = 'pdq' AND moderation_hash_words(value) && %s::integer[]",
            [[1, 2, 3]],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "moderation_hash_near_pictures" in plan


def test_the_fuse_pauses_an_entry_that_matches_too_much(engine: Engine, keeper: Viewer) -> None:
    entry = near_text(keeper, ENGLISH, bank(keeper, fuse_matches=2), hazard="violence")
    assets = [judged(number) for number in range(5)]
    # Two were allowed to match; the third is one too many and waits for a person; then it is over.
    assert [stage.visibility(asset) for asset in assets] == [
        "blocked",
        "blocked",
        "held",
        "released",
        "released",
    ]
    entry.refresh_from_db()
    assert entry.paused_by_fuse
    assert "more than 2 different contents" in entry.paused_because
    assert stage.trail(entry.pk) == ["hash.listed", "hash.fused"]
    fused = Entry.objects.get(action="hash.fused")
    assert fused.chain == f"organisation:{assets[2].organisation_id}"
    case = Case.objects.get()
    assert (case.asset_id, case.because) == (assets[2].pk, "hold")
    verdict = Verdict.objects.get(asset=assets[2])
    assert [(one["rule"], one["detail"]) for one in verdict.reasons] == [
        ("hash_paused", str(entry.pk))
    ]


def test_the_same_content_again_never_blows_the_fuse(engine: Engine, keeper: Viewer) -> None:
    entry = near_text(keeper, ENGLISH, bank(keeper, fuse_matches=1))
    assert [stage.visibility(judged(7)) for _ in range(4)] == ["blocked"] * 4
    entry.refresh_from_db()
    assert entry.paused_at is None
    assert HashMatch.objects.count() == 1


def test_matches_outside_of_the_window_do_not_count(engine: Engine, keeper: Viewer) -> None:
    near_text(keeper, ENGLISH, bank(keeper, fuse_matches=1, fuse_seconds=60))
    first = judged(0)
    HashMatch.objects.update(created_at=now() - timedelta(seconds=61))
    assert [stage.visibility(one) for one in (first, judged(1))] == ["blocked", "blocked"]


def test_a_resumed_entry_counts_from_then_on(engine: Engine, keeper: Viewer) -> None:
    entry = near_text(keeper, ENGLISH, bank(keeper, fuse_matches=1))
    judged(0)
    judged(1)
    services.resume_hash(entry_id=entry.pk, viewer=keeper, reason="it is right")
    HashMatch.objects.update(created_at=now() - timedelta(seconds=5))
    assert [stage.visibility(judged(number)) for number in (2, 3)] == ["blocked", "held"]


def test_a_bank_without_figures_has_the_configured_fuse(engine: Engine, keeper: Viewer) -> None:
    entry = near_text(keeper, ENGLISH, bank(keeper))
    most = configuration().fuse_matches
    HashMatch.objects.bulk_create(
        HashMatch(entry=entry, content=sha256(str(number).encode())) for number in range(most)
    )
    assert stage.visibility(judged(0)) == "held"


def test_what_a_score_blocks_stays_blocked_when_the_fuse_blows(
    engine: Engine, keeper: Viewer
) -> None:
    text = f"{ENGLISH} violencemark"
    entry = near_text(keeper, text, bank(keeper, fuse_matches=1))
    for number in range(2):
        asset = stage.pending(content=f"{text} {'!' * (number + 1)}")
        stage.consume(asset)
        assert stage.visibility(asset) == "blocked"
    entry.refresh_from_db()
    assert entry.paused_by_fuse


def test_a_prompt_that_blows_the_fuse_is_held(gate: ModerationGate, keeper: Viewer) -> None:
    entry = near_text(keeper, ENGLISH, bank(keeper, fuse_matches=1))
    verdicts = [
        gate.screen_prompt(prompt=variant(number), modality="text", correlation_id=new_id()).verdict
        for number in range(3)
    ]
    assert verdicts == ["block", "hold", "release"]
    assert Entry.objects.get(action="hash.fused").chain == "platform"
    entry.refresh_from_db()
    assert entry.paused_by_fuse


@pytest.mark.django_db(transaction=True)
def test_many_matches_at_once_pause_the_entry_once(
    engine: Engine,
    in_threads: Callable[[list[Callable[[], object]]], list[object]],
) -> None:
    keeper = stage.staff("policy_admin")
    entry = near_text(keeper, ENGLISH, bank(keeper, fuse_matches=3))
    assets = [stage.pending(content=variant(number)) for number in range(10)]
    in_threads([lambda asset=asset: stage.consume(asset) for asset in assets])  # type: ignore[misc]
    seen = sorted(stage.visibility(asset) for asset in assets)
    # Those that were judged before the pause and written after it are held, never blocked.
    assert seen.count("blocked") == 3
    assert seen.count("held") >= 1
    assert seen.count("held") + seen.count("released") == 7
    assert stage.trail(entry.pk) == ["hash.listed", "hash.fused"]


def test_a_block_that_was_listed_otherwise_is_now_a_block(engine: Engine, keeper: Viewer) -> None:
    asset, case = stage.held(content=f"{ENGLISH} violencemaybe")
    exact = sha256(asset.text.encode())
    services.add_hash(kind="sha256", value=exact, effect="allow", viewer=keeper, reason="judged")
    services.decide_case(
        case_id=case.pk,
        action="block",
        viewer=stage.staff("reviewer"),
        reason="no",
        list_hashes=True,
    )
    listed_now = HashEntry.objects.select_related("bank").filter(source_case=case)
    assert {(entry.kind, entry.bank.effect) for entry in listed_now} == {
        ("sha256", "block"),
        ("text", "block"),
        ("simhash", "hold"),
    }
    near = stage.pending(content=f"{ENGLISH} violence may be")
    stage.consume(near)
    assert stage.visibility(near) == "held"


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"expires_at": now() - timedelta(days=1)}, "live"),
        ({"paused_at": now(), "paused_because": "too broad"}, "paused"),
    ],
)
def test_a_ruling_renews_what_expired_and_leaves_what_is_paused(
    engine: Engine, keeper: Viewer, changes: dict[str, object], state: str
) -> None:
    asset, case = stage.held()
    entry = services.add_hash(
        kind="sha256",
        value=sha256(asset.text.encode()),
        effect="block",
        viewer=keeper,
        reason="known",
    )
    HashEntry.objects.filter(pk=entry.pk).update(**changes)
    services.decide_case(
        case_id=case.pk,
        action="block",
        viewer=stage.staff("reviewer"),
        reason="no",
        list_hashes=True,
    )
    entry.refresh_from_db()
    assert entry.is_live(now()) == (state == "live")
