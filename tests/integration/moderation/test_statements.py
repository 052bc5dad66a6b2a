"""Whoever is restricted hears why, in their language; whoever reported or appealed hears the end.

That no path forgets it is looked at after every test of this folder (`conftest`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import pytest
from django.db import IntegrityError, transaction

from moderation.app import selectors, services
from moderation.app.handlers import on_interaction
from moderation.app.models import Case, Letter, Statement
from moderation.core.dsa_schema import problems
from tests import factories
from tests.integration.moderation import conduct, stage
from tidegate.accounts.models import User
from tidegate.accounts.viewers import ANONYMOUS, Viewer
from tidegate.assets.models import Asset
from tidegate.audit.models import Entry
from tidegate.primitives.errors import NotAllowed, NotFound

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


def blocked_by_gate() -> Asset:
    asset = stage.pending(content="hatemark")
    stage.consume(asset)
    return asset


def blocked_by_person() -> Asset:
    asset, case = stage.held()
    conduct.decided(case)
    return asset


def blocked_after_reports() -> Asset:
    asset = held_for_reports()
    conduct.decided(stage.case_of(asset))
    return asset


def blocked_after_notice() -> Asset:
    asset = held_for_notice()
    conduct.decided(stage.case_of(asset))
    return asset


def held_for_reports() -> Asset:
    asset = stage.pending()
    stage.consume(asset)
    for name in ("Ada", "Bob", "Cid", "Dan"):
        on_interaction(*stage.reported(asset, stage.established(name), "this is me"))
    return asset


def held_for_notice() -> Asset:
    asset = stage.pending()
    stage.consume(asset)
    services.record_notice(
        viewer=stage.staff("reviewer"),
        asset_id=asset.pk,
        claimant="Harbour Press",
        basis="court_order",
        reason="It copies our photograph.",
        reference="HP-12, call +49 30 901820",
    )
    return asset


def standing(asset: Asset) -> Statement:
    return Statement.objects.get(asset=asset, ended_at=None)


def letter_of(statement: Statement, kind: str = "statement") -> Letter:
    return statement.letters.get(kind=kind)


def letters_to(user: User, kind: str) -> list[Letter]:
    return list(Letter.objects.filter(recipient=user, kind=kind).order_by("pk"))


@dataclass(frozen=True)
class Told:
    """What a statement says of a decision."""

    measure: str
    ground: str
    source: str
    detected: str
    decided: str
    by_mail: bool = True


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (
            blocked_by_gate,
            Told("blocked", "INCOMPATIBLE", "VOLUNTARY", "Yes", "FULLY", by_mail=False),
        ),
        (blocked_by_person, Told("blocked", "INCOMPATIBLE", "VOLUNTARY", "Yes", "NOT_AUTOMATED")),
        (
            blocked_after_reports,
            Told("blocked", "INCOMPATIBLE", "TYPE_OTHER_NOTIFICATION", "No", "NOT_AUTOMATED"),
        ),
        (blocked_after_notice, Told("blocked", "ILLEGAL", "ARTICLE_16", "No", "NOT_AUTOMATED")),
        (held_for_reports, Told("held", "INCOMPATIBLE", "TYPE_OTHER_NOTIFICATION", "No", "FULLY")),
        (held_for_notice, Told("held", "ILLEGAL", "ARTICLE_16", "No", "PARTIALLY")),
    ],
)
def test_a_statement_is_read_off_the_decision(made: Callable[[], Asset], told: Told) -> None:
    asset = made()
    statement = standing(asset)
    assert statement.measure == told.measure
    assert statement.recipient_id == asset.owner_id
    stated = statement.dsa
    assert stated["decision_ground"] == f"DECISION_GROUND_{told.ground}_CONTENT"
    assert stated["source_type"] == f"SOURCE_{told.source}"
    assert stated["automated_detection"] == told.detected
    assert stated["automated_decision"] == f"AUTOMATED_DECISION_{told.decided}"
    assert stated["puid"] == statement.reference
    assert problems(stated) == []
    assert (statement.appeal_until is not None) == (told.measure == "blocked")
    letter = letter_of(statement)
    assert letter.by_mail is told.by_mail
    assert statement.reference in letter.subject
    for part in ("What we did", "What it is about", "What you can do", statement.reference):
        assert part in letter.body
    assert f"/assets/{asset.pk}" in letter.body
    assert letter.sha256 == sha256(f"{letter.subject}\n{letter.body}".encode()).hexdigest()
    (entry,) = Entry.objects.filter(subject_id=str(statement.pk))
    assert entry.action == "statement.made"
    assert entry.after is not None
    assert entry.after["letter_sha256"] == letter.sha256
    assert stage.announced(asset).count("tidegate.statement.made.v1") == (
        Statement.objects.filter(asset=asset).count()
    )


def test_a_block_replaces_the_hold_and_one_statement_stands() -> None:
    asset = blocked_after_reports()
    held, blocked = Statement.objects.filter(asset=asset).order_by("pk")
    assert (held.measure, held.ended_at is None) == ("held", False)
    assert (blocked.measure, blocked.ended_at) == ("blocked", None)
    assert not held.letters.filter(kind="restored").exists()


def test_a_release_ends_the_statement_and_tells_the_author_once() -> None:
    asset = held_for_reports()
    statement = standing(asset)
    conduct.decided(stage.case_of(asset), "release")
    statement.refresh_from_db()
    assert statement.ended_at is not None
    assert statement.reference in letter_of(statement, "restored").subject
    conduct.decided(conduct.reopened(asset), "release")
    assert len(letters_to(asset.owner, "restored")) == 1


def test_what_was_held_before_anybody_saw_it_needs_no_statement() -> None:
    asset, case = stage.held()
    assert not Statement.objects.filter(asset=asset).exists()
    conduct.decided(case, "release")
    assert not Letter.objects.filter(recipient=asset.owner).exists()


def test_the_letter_is_in_the_language_of_its_reader_and_the_export_in_english() -> None:
    asset = stage.pending(content="hatemark")
    User.objects.filter(pk=asset.owner_id).update(language="zh-hans")
    stage.consume(asset)
    statement = standing(asset)
    letter = letter_of(statement)
    assert letter.language == "zh-hans"
    assert "仇恨" in letter.body
    assert "您可以" in letter.body
    for english in ("What we did", "Our content rules", "Automatic checks", "Hello"):
        assert english not in letter.body
    assert "Hate" in statement.dsa["incompatible_content_ground"]


def test_nothing_about_children_is_named_to_the_author() -> None:
    asset = stage.pending(content="child_safetymark")
    stage.consume(asset)
    statement = standing(asset)
    assert "hild" not in letter_of(statement).body
    assert "Our content rules. This does not follow our rules." in letter_of(statement).body
    # The public database learns the category, and no more.
    assert statement.dsa["category"] == "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"
    assert "hild" not in statement.dsa["decision_facts"]


def test_personal_data_stays_out_of_what_is_public() -> None:
    statement = standing(held_for_notice())
    assert "901820" in letter_of(statement).body
    assert "HP-12" in statement.dsa["illegal_content_explanation"]
    assert "901820" not in str(statement.dsa)
    assert "Harbour Press" not in letter_of(statement).body


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("cooldown", "decision_provision"),
        ("no_public", "decision_visibility_other"),
        ("hold_all", "decision_visibility_other"),
        ("suspended", "decision_account"),
    ],
)
def test_a_restriction_is_explained_once_and_its_end_told(kind: str, field: str) -> None:
    author, project = factories.make_user(), factories.make_project()
    shown = factories.make_asset(project, owner=author, visibility="released")
    restriction = conduct.suspended(author, kind, hours=48)
    statement = Statement.objects.get(restriction=restriction)
    assert field in statement.dsa
    assert problems(statement.dsa) == []
    assert statement.until == restriction.until
    body = letter_of(statement).body
    assert "It ends on" in body
    assert "as agreed" in body
    assert not Statement.objects.filter(asset=shown).exists()
    services.lift_restriction(
        viewer=stage.staff("senior_reviewer"), restriction_id=restriction.pk, reason="enough"
    )
    statement.refresh_from_db()
    assert statement.ended_at is not None
    assert statement.letters.filter(kind="restored").count() == 1


def test_descendants_authors_hear_why_theirs_is_held() -> None:
    project = factories.make_project()
    parent = factories.make_asset(project, visibility="released")
    child = factories.make_asset(project, visibility="released", parent=parent)
    conduct.decided(conduct.reopened(parent))
    assert standing(child).measure == "held"
    assert "What this was made from was blocked" in letter_of(standing(child)).body


@pytest.mark.parametrize(("outcome", "said"), [("block", "breaks our"), ("release", "stays")])
def test_reporters_hear_the_outcome(outcome: str, said: str) -> None:
    asset = stage.pending()
    stage.consume(asset)
    reporters = [stage.established("Ada"), stage.established("Bob")]
    for reporter in reporters:
        on_interaction(*stage.reported(asset, reporter, "this is me"))
    conduct.decided(stage.case_of(asset), outcome)
    for reporter in reporters:
        (letter,) = letters_to(reporter, "report")
        assert said in letter.body
        # Who may not see it any more gets no address of it, and nobody gets a name.
        assert str(asset.pk) not in letter.body
        assert asset.owner.display_name not in letter.body.replace(reporter.display_name, "")


@pytest.mark.parametrize("outcome", ["release", "block"])
def test_an_appeal_is_answered_by_letter_and_only_once(outcome: str) -> None:
    asset = blocked_by_person()
    viewer = factories.viewer_of(asset.owner)
    appeal = services.make_appeal(viewer=viewer, asset_id=asset.pk, words="It is a play of 1604.")
    services.decide_case(
        case_id=appeal.answer_id,
        action=outcome,
        viewer=stage.staff("reviewer", name="Otto"),
        reason="looked again",
    )
    (letter,) = letters_to(asset.owner, "appeal")
    assert "It is a play of 1604." in letter.body
    assert ("overturned" in letter.subject) == (outcome == "release")
    # The answer says that it is shown again: a second letter would say the same.
    assert letters_to(asset.owner, "restored") == []
    assert Statement.objects.filter(asset=asset, ended_at=None).exists() == (outcome == "block")


def test_other_reporters_hear_that_an_appeal_changed_the_outcome() -> None:
    asset = stage.pending()
    stage.consume(asset)
    ada, bob = stage.established("Ada"), stage.established("Bob")
    for reporter in (ada, bob):
        on_interaction(*stage.reported(asset, reporter, "this is me"))
    conduct.decided(stage.case_of(asset), "release")
    appeal = services.make_appeal(
        viewer=factories.viewer_of(ada), asset_id=asset.pk, words="It is my face."
    )
    services.decide_case(
        case_id=appeal.answer_id,
        action="block",
        viewer=stage.staff("reviewer", name="Otto"),
        reason="looked again",
    )
    assert [one.kind for one in Letter.objects.filter(recipient=ada).order_by("pk")] == [
        "report",
        "appeal",
    ]
    assert [("stays" in one.body) for one in letters_to(bob, "report")] == [True, False]
    assert standing(asset).dsa["source_type"] == "SOURCE_TYPE_OTHER_NOTIFICATION"


def test_a_decision_that_fails_leaves_no_letter() -> None:
    asset, case = stage.held()

    def pull_the_plug() -> None:
        with transaction.atomic():
            conduct.decided(case)
            raise RuntimeError("the plug is pulled")

    with pytest.raises(RuntimeError, match="pulled"):
        pull_the_plug()
    assert not Statement.objects.filter(asset=asset).exists()
    assert not Letter.objects.filter(recipient=asset.owner).exists()


def test_the_database_keeps_one_standing_statement_per_output() -> None:
    statement = standing(blocked_by_gate())
    other = Statement(
        reference="TG-OTHER",
        recipient=statement.recipient,
        measure="blocked",
        asset=statement.asset,
        verdict=statement.verdict,
        dsa={},
    )
    with pytest.raises(IntegrityError, match="one_standing_statement"), transaction.atomic():
        other.save(force_insert=True)
    baseless = Statement(reference="TG-NONE", recipient=statement.recipient, measure="held", dsa={})
    with pytest.raises(IntegrityError, match="rests_on_a_decision"), transaction.atomic():
        baseless.save(force_insert=True)


def test_letters_are_read_by_their_recipient_only() -> None:
    asset = blocked_by_gate()
    author = factories.viewer_of(asset.owner)
    letter = letter_of(standing(asset))
    assert selectors.unread_letters(asset.owner_id) == 1
    other = factories.viewer_of(factories.make_user())
    for viewer in (other, stage.staff("policy_admin"), ANONYMOUS):
        with pytest.raises(NotFound):
            services.read_letter(viewer=viewer, letter_id=letter.pk)
    first = services.read_letter(viewer=author, letter_id=letter.pk).read_at
    assert services.read_letter(viewer=author, letter_id=letter.pk).read_at == first
    assert selectors.unread_letters(asset.owner_id) == 0
    assert list(selectors.own_statements(author)) == [standing(asset)]
    assert not selectors.own_statements(other).exists()
    with pytest.raises(NotAllowed):
        selectors.own_statements(ANONYMOUS)


def test_staff_export_what_may_be_published(viewer_without_role: Viewer) -> None:
    assets = [blocked_by_gate(), blocked_after_notice()]
    rows = selectors.statements_for(stage.staff("auditor"))
    assert rows.count() == Statement.objects.count()
    assert [selectors.exported_statement(row).problems for row in rows] == [()] * rows.count()
    assert all(asset.owner.email not in str([row.dsa for row in rows]) for asset in assets)
    with pytest.raises(NotAllowed):
        selectors.statements_for(viewer_without_role)


@pytest.fixture
def viewer_without_role() -> Viewer:
    return factories.viewer_of(factories.make_user())


def test_an_upheld_block_is_not_explained_twice() -> None:
    asset = blocked_by_person()
    case = conduct.reopened(asset)
    conduct.decided(Case.objects.get(pk=case.pk), "block")
    assert Statement.objects.filter(asset=asset).count() == 1
