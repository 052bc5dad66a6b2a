"""Statements in the shape of the DSA Transparency Database."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from moderation.core.dsa import (
    Automation,
    Decision,
    Ground,
    Measure,
    Source,
    categories,
    payload,
)
from moderation.core.dsa_schema import problems
from moderation.core.hazards import Hazard

RULE = Ground(is_legal=False, name="Our content rules: Hate", explanation="Attacking people.")
BLOCKED = Decision(
    reference="TG-7K3M-Q9ZD-2FHW",
    measure=Measure.BLOCKED,
    hazards=("hate", "violence"),
    modality="image",
    made_on=date(2026, 11, 2),
    decided_at=datetime(2026, 11, 3, 12, tzinfo=UTC),
    until=None,
    source=Source.OWN,
    found_by_machine=True,
    automation=Automation.NONE,
    ground=RULE,
    facts="It is about an image made on 2 November 2026. A person took the decision.",
)


@pytest.mark.parametrize("automation", Automation)
@pytest.mark.parametrize("source", Source)
@pytest.mark.parametrize("measure", Measure)
@pytest.mark.parametrize("modality", ["text", "image", "speech", "music", "video", "composition"])
def test_every_measure_may_go_to_the_database(
    measure: Measure, source: Source, automation: Automation, modality: str
) -> None:
    about_person = measure not in (Measure.BLOCKED, Measure.HELD)
    decision = replace(
        BLOCKED,
        measure=measure,
        source=source,
        automation=automation,
        modality="" if about_person else modality,
        until=datetime(2026, 12, 1, tzinfo=UTC),
        ground=replace(RULE, is_legal=source == Source.NOTICE),
    )
    assert problems(payload(decision)) == []


@pytest.mark.parametrize("hazard", Hazard)
def test_every_hazard_has_a_category(hazard: Hazard) -> None:
    (category, *_) = categories([hazard])
    assert category.startswith("STATEMENT_CATEGORY_")
    assert problems(payload(replace(BLOCKED, hazards=(hazard.value,)))) == []


def test_the_gravest_hazard_is_the_category_and_the_others_are_added() -> None:
    stated = payload(replace(BLOCKED, hazards=("profanity", "hate", "hate", "unheard of")))
    assert stated["category"] == "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH"
    assert stated["category_addition"] == ["STATEMENT_CATEGORY_OTHER_VIOLATION_TC"]
    assert stated["category_specification"] == ["KEYWORD_HATE_SPEECH"]
    assert categories([]) == ["STATEMENT_CATEGORY_OTHER_VIOLATION_TC"]


def test_what_an_automatic_block_says() -> None:
    stated = payload(replace(BLOCKED, automation=Automation.FULL))
    assert stated == {
        "decision_visibility": ["DECISION_VISIBILITY_CONTENT_DISABLED"],
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "incompatible_content_ground": "Our content rules: Hate",
        "incompatible_content_explanation": "Attacking people.",
        "incompatible_content_illegal": "No",
        "content_type": ["CONTENT_TYPE_IMAGE", "CONTENT_TYPE_SYNTHETIC_MEDIA"],
        "category": "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
        "category_addition": ["STATEMENT_CATEGORY_VIOLENCE"],
        "category_specification": ["KEYWORD_HATE_SPEECH"],
        "territorial_scope": stated["territorial_scope"],
        "content_date": "2026-11-02",
        "application_date": "2026-11-03",
        "decision_facts": BLOCKED.facts,
        "source_type": "SOURCE_VOLUNTARY",
        "automated_detection": "Yes",
        "automated_decision": "AUTOMATED_DECISION_FULLY",
        "puid": "TG-7K3M-Q9ZD-2FHW",
    }
    # The European Union with Iceland, Liechtenstein and Norway.
    assert len(stated["territorial_scope"]) == 27 + 3


@pytest.mark.parametrize(
    ("measure", "field"),
    [
        (Measure.COOLDOWN, "end_date_service_restriction"),
        (Measure.SUSPENDED, "end_date_account_restriction"),
        (Measure.NO_PUBLIC, "end_date_visibility_restriction"),
    ],
)
def test_what_ends_by_itself_says_when(measure: Measure, field: str) -> None:
    until = datetime(2026, 12, 24, 8, tzinfo=UTC)
    assert payload(replace(BLOCKED, measure=measure, until=until))[field] == "2026-12-24"
    assert field not in payload(replace(BLOCKED, measure=measure))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"category": "STATEMENT_CATEGORY_BAD_HAIR"}, "category: "),
        ({"puid": "with space"}, "puid: "),
        ({"decision_facts": ""}, "decision_facts: "),
        ({"decision_facts": "a" * 5001}, "decision_facts: "),
        ({"decision_facts": "Ask ada@example.org."}, "personal data (email)"),
        ({"incompatible_content_explanation": "Call +49 30 901820."}, "personal data (phone)"),
        ({"decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT"}, "illegal_content_legal_ground"),
        ({"decision_visibility": []}, "decision_visibility: "),
        ({"decision_visibility": ["DECISION_VISIBILITY_OTHER"]}, "decision_visibility_other"),
        ({"content_type": ["CONTENT_TYPE_OTHER"]}, "content_type_other"),
        ({"content_date": "3 November"}, "content_date: "),
        ({"reviewer": "Rita"}, "reviewer"),
    ],
)
def test_what_may_not_go_out_is_named(changes: dict[str, object], said: str) -> None:
    found = problems({**payload(BLOCKED), **changes})
    assert any(said in one for one in found), found


def test_a_statement_without_a_restriction_may_not_go_out() -> None:
    stated = payload(BLOCKED)
    del stated["decision_visibility"]
    assert len(problems(stated)) == 1


def test_texts_are_cut_to_what_fits() -> None:
    ground = Ground(is_legal=True, name="a" * 900, explanation="b" * 9_000)
    assert problems(payload(replace(BLOCKED, ground=ground, facts="c" * 9_000))) == []
