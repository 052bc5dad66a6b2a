"""Notes on cases: for staff alone, masked, in the trail, and calling upon colleagues."""

import pytest

from moderation.app import selectors, services
from moderation.app.models import CaseNote, Mention
from tests import factories
from tests.integration.moderation import stage
from tidegate.accounts.services import appoint_staff
from tidegate.audit.models import Entry
from tidegate.primitives.errors import InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


def test_a_note_is_read_by_staff_and_calls_upon_whom_it_names() -> None:
    _, case = stage.held()
    writer = stage.staff("reviewer", name="Rae")
    sol, longer = stage.staff("auditor", name="Sol"), stage.staff("reviewer", name="Sol Senior")
    services.add_note(case_id=case.pk, viewer=writer, words=" @Sol Senior, is this a film? ")
    (note,) = selectors.notes_of(sol, case.pk)
    assert (note.author, note.words) == ("Rae", "@Sol Senior, is this a film?")
    assert note.mentions == ("Sol Senior",)
    assert [one.note_id for one in selectors.mentions_of(longer)] == [note.id]
    assert not selectors.mentions_of(sol)
    assert stage.trail(case.pk)[-1] == "note.added"


def test_a_mention_waits_until_it_was_read_by_whom_it_is_for() -> None:
    _, case = stage.held()
    sol, other = stage.staff("reviewer", name="Sol"), stage.staff("reviewer", name="Rae")
    services.add_note(case_id=case.pk, viewer=other, words="@Sol and @Sol again")
    mention = Mention.objects.get()
    assert sol.user_id is not None
    assert selectors.unread_mentions(sol.user_id) == 1
    with pytest.raises(NotFound):
        services.read_mention(mention_id=mention.pk, viewer=other)
    services.read_mention(mention_id=mention.pk, viewer=sol)
    services.read_mention(mention_id=mention.pk, viewer=sol)
    assert selectors.unread_mentions(sol.user_id) == 0


def test_personal_data_in_a_note_is_masked_before_it_is_kept() -> None:
    _, case = stage.held()
    words = "The author writes from ada.lovelace@example.com."
    services.add_note(case_id=case.pk, viewer=stage.staff("reviewer"), words=words)
    assert "ada.lovelace" not in CaseNote.objects.get().words
    assert not Entry.objects.filter(reason__contains="ada.lovelace").exists()


@pytest.mark.parametrize("words", ["", "  ", "x" * 2_001, "a\0b"])
def test_a_note_says_something_and_not_too_much(words: str) -> None:
    _, case = stage.held()
    with pytest.raises(InvalidInput):
        services.add_note(case_id=case.pk, viewer=stage.staff("reviewer"), words=words)
    assert not CaseNote.objects.exists()


def test_its_author_has_no_notes_and_outsiders_are_not_called_upon() -> None:
    asset, case = stage.held()
    author = factories.viewer_of(asset.owner)
    for act in (
        lambda: selectors.notes_of(author, case.pk),
        lambda: services.add_note(case_id=case.pk, viewer=author, words="let me in"),
        lambda: selectors.mentions_of(author),
    ):
        with pytest.raises(NotAllowed):
            act()
    words = f"@{asset.owner.display_name}, look"
    services.add_note(case_id=case.pk, viewer=stage.staff("reviewer", name="Rae"), words=words)
    assert not Mention.objects.exists()
    with pytest.raises(NotFound):
        services.add_note(case_id=new_id(), viewer=stage.staff("reviewer"), words="x")


def test_staff_read_no_notes_on_what_they_made_and_are_not_called_upon() -> None:
    asset, case = stage.held()
    admin = stage.staff("policy_admin", name="Pat")
    appoint_staff(user_id=asset.owner_id, role="reviewer", viewer=admin)
    words = f"@{asset.owner.display_name} made this."
    services.add_note(case_id=case.pk, viewer=admin, words=words)
    author = factories.viewer_of(asset.owner)
    assert selectors.notes_of(author, case.pk) == ()
    assert not Mention.objects.exists()
    with pytest.raises(NotAllowed) as refused:
        services.add_note(case_id=case.pk, viewer=author, words="It is fine.")
    assert refused.value.code == "own_asset"
