"""Lists taken up and handed on: services and the command."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from moderation.app import selectors, services
from moderation.app.engine import Engine
from moderation.app.models import HashBank, HashEntry
from moderation.app.services.banks import standard_bank
from moderation.app.services.exchanges import Imported
from tests.integration.moderation import stage
from tidegate.accounts.viewers import Viewer, system
from tidegate.audit.models import Entry
from tidegate.primitives.errors import InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db

A, B, C = "ab" * 32, "cd" * 32, "ef" * 32
HEAD = "raw_indicator,type,status,tags,owner,description,expire_time\n"
LIST = (
    f"{HEAD}{A},HASH_PDQ,MALICIOUS,hazard:violence;photo,A partner,Seen before,"
    f"2040-01-02T03:04:05+00:00\n{B},HASH_SHA256,MALICIOUS,,,,\n"
)


@pytest.fixture
def keeper() -> Viewer:
    return stage.staff("senior_reviewer")


@pytest.fixture
def bank(engine: Engine) -> HashBank:
    return standard_bank(HashBank.Effect.BLOCK)


def take(bank: HashBank, text: str, keeper: Viewer) -> Imported:
    return services.import_hashes(
        bank_id=bank.pk, text=text, form="csv", viewer=keeper, reason="a partner's list"
    )


def test_a_list_is_taken_once_and_the_trail_has_its_figures(bank: HashBank, keeper: Viewer) -> None:
    assert take(bank, LIST, keeper) == Imported(added=2, changed=0, unchanged=0)
    assert take(bank, LIST, keeper) == Imported(added=0, changed=0, unchanged=2)
    one = HashEntry.objects.get(value=A)
    assert (one.kind, one.hazard, one.source, one.tags) == (
        "pdq",
        "violence",
        "A partner",
        ["photo"],
    )
    assert (one.reason, one.added_by_id) == ("Seen before", keeper.user_id)
    assert HashEntry.objects.get(value=B).reason == "a partner's list"
    figures = [
        (entry.after or {})["added"] for entry in Entry.objects.filter(action="bank.imported")
    ]
    assert sorted(figures) == [0, 2]


def test_a_changed_line_changes_its_entry_and_leaves_a_pause(
    bank: HashBank, keeper: Viewer
) -> None:
    take(bank, LIST, keeper)
    entry = HashEntry.objects.get(value=A)
    services.pause_hash(entry_id=entry.pk, viewer=keeper, reason="too broad")
    changed = LIST.replace("hazard:violence", "hazard:hate").replace("2040", "2041")
    assert take(bank, changed, keeper) == Imported(added=0, changed=1, unchanged=1)
    entry.refresh_from_db()
    assert entry.hazard == "hate"
    assert entry.expires_at is not None
    assert entry.expires_at.year == 2041
    assert entry.paused_because == "too broad"


def test_nothing_is_taken_of_a_list_with_a_wrong_line(bank: HashBank, keeper: Viewer) -> None:
    with pytest.raises(InvalidInput) as error:
        take(bank, f"{LIST}{C},HASH_MD5,,,,,\n", keeper)
    (fault,) = error.value.errors
    assert fault.pointer == "/4/type"
    assert "line 4: type: HASH_MD5 is not supported" in fault.message
    assert not HashEntry.objects.exists()
    assert not Entry.objects.filter(action="bank.imported").exists()


def test_a_list_needs_a_bank_a_keeper_and_a_reason(bank: HashBank, keeper: Viewer) -> None:
    with pytest.raises(NotAllowed):
        take(bank, LIST, stage.staff("reviewer"))
    with pytest.raises(NotFound):
        services.import_hashes(
            bank_id=new_id(), text=LIST, form="csv", viewer=keeper, reason="a partner's list"
        )
    with pytest.raises(InvalidInput):
        services.import_hashes(bank_id=bank.pk, text=LIST, form="csv", viewer=keeper, reason=" ")
    assert take(bank, LIST, system("test")).added == 2


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_bank_goes_round_and_what_is_paused_is_not_handed_on(
    bank: HashBank, keeper: Viewer, form: str, tmp_path: Path
) -> None:
    take(bank, f"{LIST}{C},HASH_TEXT_SIMHASH256,,,,,\n", keeper)
    paused = HashEntry.objects.get(value=C)
    services.pause_hash(entry_id=paused.pk, viewer=keeper, reason="too broad")
    file = tmp_path / f"list.{form}"
    out = StringIO()
    call_command("hashes", "export", "block", str(file), stdout=out)
    call_command("hashes", "create", "copy", "--effect=block", "--reason=a copy", stdout=out)
    call_command("hashes", "import", "copy", str(file), "--reason=a copy", stdout=out)
    assert "2 added, 0 changed, 0 unchanged" in out.getvalue()
    said = ["kind", "value", "hazard", "source", "tags", "expires_at"]
    copied = HashEntry.objects.filter(bank__name="copy").order_by("value").values_list(*said)
    given = HashEntry.objects.filter(bank=bank, paused_at=None).order_by("value")
    assert list(copied) == list(given.values_list(*said))
    out = StringIO()
    call_command("hashes", "list", stdout=out)
    assert "block  block  share 1  3 entries, 1 paused, 0 expired" in out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["import", "nowhere", "{csv}", "--reason=x"], "There is no such bank"),
        (["import", "block", "{missing}", "--reason=x"], "missing.csv"),
        (["import", "block", "{other}", "--reason=x"], "neither .csv nor .json"),
        (["import", "block", "{csv}", "--reason=x"], "line 2: raw_indicator"),
        (["export", "block", "{other}"], "neither .csv nor .json"),
        (["create", "block", "--effect=block", "--reason=x"], "There is a bank of this name"),
        (["create", "new", "--effect=burn", "--reason=x"], "A bank means one of"),
    ],
)
def test_the_command_says_what_is_wrong(
    bank: HashBank, tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "list.csv").write_text(f"{HEAD}no hash,HASH_PDQ,,,,,\n")
    (tmp_path / "list.txt").write_text("x")
    places = {
        "csv": tmp_path / "list.csv",
        "other": tmp_path / "list.txt",
        "missing": tmp_path / "missing.csv",
    }
    with pytest.raises(CommandError, match=says.replace(".", r"\.")):
        call_command("hashes", *[one.format(**places) for one in arguments])


def test_entries_are_found_by_state_kind_and_beginning(bank: HashBank, keeper: Viewer) -> None:
    take(bank, LIST, keeper)
    entry = HashEntry.objects.get(value=A)
    services.pause_hash(entry_id=entry.pk, viewer=keeper, reason="too broad")

    def found(**given: str) -> list[str]:
        return [one.value for one in selectors.hash_entries(keeper, **given).order_by("value")]  # type: ignore[arg-type]

    assert found() == [A, B]
    assert found(state="paused") == found(kind="pdq") == found(value=A[:5].upper()) == [A]
    assert found(state="live") == [B]
    assert found(state="fused") == found(state="expired") == []
    for wrong in ({"state": "odd"}, {"kind": "md5"}):
        with pytest.raises(InvalidInput):
            selectors.hash_entries(keeper, **wrong)  # type: ignore[arg-type]
