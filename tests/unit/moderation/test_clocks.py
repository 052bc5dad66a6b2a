"""Clocks as data: read strictly, the shortest that anything starts counts."""

from pathlib import Path
from typing import get_args

import pytest

from moderation.app.models import Case, TakedownNotice
from moderation.core.clocks import InvalidClocks, load
from tidegate.contracts.interactions import REPORT_REASONS

HOLD = """
  - name: hold
    regime: service
    trigger: case.hold
    hours: 24
    basis: ours
"""


def test_every_cause_of_a_case_has_a_clock() -> None:
    clocks = load()
    for because in Case.Because.values:
        assert clocks.started_by([f"case.{because}"]) is not None, because


def test_every_trigger_can_happen() -> None:
    known = {f"case.{one}" for one in Case.Because.values}
    known |= {f"notice.{one}" for one in TakedownNotice.Basis.values}
    known |= {f"report.{one}" for one in (get_args(REPORT_REASONS) or REPORT_REASONS)}
    assert {clock.trigger for clock in load().by_name.values()} <= known


def test_the_shortest_clock_counts() -> None:
    clock = load().started_by(["case.notice", "notice.court_order"])
    assert clock is not None
    assert (clock.name, clock.hours, clock.regime) == ("notice_court_order", 3, "law")
    assert load().started_by(["case.unheard_of"]) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("clocks: 3", "clocks"),
        ("clock: []", "clock"),
        (f"clocks:{HOLD}{HOLD}", "two clocks are called hold"),
        (f"clocks:{HOLD}    colour: red\n", "colour"),
        (f"clocks:{HOLD}".replace("24", "0"), "hours"),
        (f"clocks:{HOLD}".replace("24", "for ever"), "hours"),
        (f"clocks:{HOLD}".replace("case.hold", "hold"), "trigger"),
        (f"clocks:{HOLD}".replace("service", "whim"), "regime"),
        (f"clocks:{HOLD}".replace("ours", "''"), "basis"),
        ("clocks: [", "clocks.yaml"),
    ],
)
def test_what_cannot_be_obeyed_is_named(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "clocks.yaml"
    file.write_text(content)
    with pytest.raises(InvalidClocks, match=said):
        load(file)
