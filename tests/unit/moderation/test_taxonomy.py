"""The taxonomy: every hazard, every code of every scheme, and nothing that is named twice."""

from pathlib import Path

import pytest

from moderation.core.hazards import Hazard, severity, urgency
from moderation.core.taxonomy import taxonomy

SCHEMES = {"mlcommons": 14, "dsa": 16, "tc260": 31, "openai": 13}


def test_every_hazard_is_described_in_both_languages_and_ranked() -> None:
    entries = taxonomy().hazards
    assert sorted(entry.name for entry in entries) == sorted(Hazard)
    for entry in entries:
        assert set(entry.title) == set(entry.definition) == {"en", "zh"}
        assert 1 <= entry.severity <= 4
        assert entry.title["en"].isascii()
        assert not entry.title["zh"].isascii()


def test_hazards_come_gravest_first_and_refine_one_that_refines_none() -> None:
    entries = taxonomy().hazards
    assert [entry.severity for entry in entries] == sorted(
        (entry.severity for entry in entries), reverse=True
    )
    wide = {entry.name for entry in entries if entry.refines is None}
    assert {entry.refines for entry in entries if entry.refines} <= wide


@pytest.mark.parametrize(("name", "count"), SCHEMES.items())
def test_a_scheme_has_all_its_codes_and_each_names_a_hazard_or_says_why_not(
    name: str, count: int
) -> None:
    scheme = taxonomy().schemes[name]
    assert len({code.code for code in scheme.codes}) == len(scheme.codes) == count
    assert all(bool(code.hazards) != bool(code.note) for code in scheme.codes)
    assert scheme.version
    assert scheme.source


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("hazard", list(Hazard), ids=str)
def test_every_hazard_has_a_code_or_a_reason_why_it_has_none(hazard: Hazard, name: str) -> None:
    found = taxonomy().codes_of(hazard, name)
    why = taxonomy().schemes[name].unmapped.get(hazard, "")
    direct = any(hazard in code.hazards for code in taxonomy().schemes[name].codes)
    refined = next(entry.refines for entry in taxonomy().hazards if entry.name == hazard)
    assert not (direct and why), "a hazard with a code needs no excuse"
    assert found or why or (refined and taxonomy().schemes[name].unmapped.get(refined))


@pytest.mark.parametrize("group", ["A.1", "A.2", "A.3", "A.4", "A.5"])
def test_the_chinese_risks_stand_in_their_five_classes(group: str) -> None:
    counts = {"A.1": 8, "A.2": 9, "A.3": 5, "A.4": 7, "A.5": 2}
    codes = [code.code for code in taxonomy().schemes["tc260"].codes]
    assert [code for code in codes if code.startswith(group)] == [
        f"{group}.{letter}" for letter in "abcdefghi"[: counts[group]]
    ]


def test_a_hazard_without_a_code_has_that_of_what_it_refines() -> None:
    assert taxonomy().codes_of(Hazard.DEFAMATION, "openai") == (
        "harassment",
        "harassment/threatening",
    )
    assert taxonomy().codes_of(Hazard.DEFAMATION, "mlcommons") == ("S5",)


@pytest.mark.parametrize(
    ("hazard", "graveness", "urgent"),
    [("child_safety", 4, 100), ("hate", 3, 75), ("spam", 1, 25), ("brand_new", 2, 50), ("", 2, 50)],
)
def test_urgency_follows_severity_and_the_unknown_stands_in_the_middle(
    hazard: str, graveness: int, urgent: int
) -> None:
    assert (severity(hazard), urgency(hazard)) == (graveness, urgent)


@pytest.mark.parametrize("hazard", list(Hazard), ids=str)
def test_the_page_about_hazards_says_what_the_data_say(hazard: Hazard) -> None:
    page = (Path(__file__).parents[3] / "docs" / "taxonomy.md").read_text("utf-8")
    [row] = [line for line in page.splitlines() if line.startswith(f"| `{hazard}` |")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert int(cells[1]) == severity(hazard)
    for cell, name in zip(cells[3:7], SCHEMES, strict=True):
        codes = [
            code.removeprefix("STATEMENT_CATEGORY_") for code in taxonomy().codes_of(hazard, name)
        ]
        assert cell == (", ".join(codes) or "–")
