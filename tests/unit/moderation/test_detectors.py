"""The table of detectors: policies and documents agree with it, and so does who is asked."""

from pathlib import Path

import pytest

from moderation.core import detectors, personal_data
from moderation.core.detectors import DETECTORS, IN_PROCESS, patience
from moderation.core.policy import DEFAULT_POLICY, load, parse
from moderation.core.policy_file import InvalidPolicy

REPOSITORY = Path(__file__).parents[3]
SERVED = REPOSITORY / "moderation" / "serving"


def test_every_model_served_is_described_and_the_other_way_round() -> None:
    # "prompt" is an ensemble of two of them; guards are the operator's.
    others = {"prompt", "tidegate_guards"}
    served = {folder.name for folder in SERVED.iterdir() if folder.is_dir()} - others
    assert {name for name, one in DETECTORS.items() if one.place == "triton"} == served


def test_a_detector_of_texts_in_this_process_can_be_asked() -> None:
    own = {
        name for name, one in DETECTORS.items() if one.place == "process" and one.reads != "context"
    }
    assert own == set(IN_PROCESS)
    for name, judge in IN_PROCESS.items():
        signal = judge("some text")
        assert signal.detector == name
        assert tuple(signal.scores) == DETECTORS[name].hazards


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("image_safety: [sexual, violence]", "image_safety does not give violence"),
        ("image_text: [hate]", "image_text does not give hate; it gives no scores"),
    ],
)
def test_a_policy_that_demands_what_a_detector_does_not_give_is_refused(
    wrong: str, says: str
) -> None:
    name = wrong.partition(":")[0]
    source = DEFAULT_POLICY.read_text("utf-8")
    line = next(line for line in source.splitlines() if line.strip().startswith(f"{name}: ["))
    with pytest.raises(InvalidPolicy, match=says):
        parse(source.replace(line, f"  {wrong}", 1))


def test_a_policy_in_force_may_name_no_detector_that_there_is_not(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    source = DEFAULT_POLICY.read_text("utf-8")
    path.write_text(source.replace("spam_rate:", "spam_rat:"), "utf-8")
    with pytest.raises(InvalidPolicy, match="no detector is called spam_rat"):
        load(path)


def test_the_default_policy_demands_all_that_each_detector_gives() -> None:
    assert {name: set(one) for name, one in load().detectors.items()} == {
        name: set(map(str, one.hazards)) for name, one in DETECTORS.items()
    }


@pytest.mark.parametrize(
    ("names", "deadline", "waits"),
    [
        (["text_hazards"], 1.5, 1.5),
        (["text_hazards", "speech_text"], 600.0, 60.0),
        (["text_hazards"], 600.0, 30.0),
        (["unheard_of"], 600.0, 600.0),
    ],
)
def test_nobody_waits_longer_than_a_detector_may_take(
    names: list[str], deadline: float, waits: float
) -> None:
    assert patience(names, deadline) == waits


def test_the_documents_table_is_the_table() -> None:
    text = (REPOSITORY / "docs" / "detectors.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [row_of(one) for one in DETECTORS.values()]


def row_of(one: detectors.Description) -> str:
    """Return a detector's line in docs/detectors.md."""
    cells = (
        f"`{one.name}`",
        one.reads,
        ", ".join(one.hazards) or "–",
        ", ".join(one.languages) or "–",
        one.place,
        one.version_from,
        f"{one.cost_ms:g} ms",
        f"{one.deadline_seconds:g} s",
    )
    return f"| {' | '.join(cells)} |"


def test_a_version_is_of_the_rules() -> None:
    assert personal_data.version() == personal_data.judge("text").version
