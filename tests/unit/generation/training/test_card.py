"""The figures of the model card."""

import pytest

from generation.training.card import (
    BEGIN,
    END,
    MEASURED,
    MEASURED_END,
    CardUnmarked,
    RunFigures,
    with_evaluation,
    with_figures,
)

RUN = RunFigures("diffusion", 3600.0, 123456, 0.31249)


def test_figures_stand_between_their_marks_and_the_rest_stays() -> None:
    card = with_figures(f"# Card\n{BEGIN}\nold\n{END}\nend", [RUN])
    assert card.startswith("# Card\n")
    assert card.endswith("\nend")
    assert "| diffusion | 60 | 123,456 | 0.312 |" in card
    assert "old" not in card


def test_writing_the_figures_twice_changes_nothing() -> None:
    once = with_figures(f"{BEGIN}{END}", [RUN])
    assert with_figures(once, [RUN]) == once


@pytest.mark.parametrize("card", ["", BEGIN, END])
def test_a_card_without_both_marks_is_refused(card: str) -> None:
    with pytest.raises(CardUnmarked):
        with_figures(card, [RUN])


FOUND = {
    "setting": {"steps": 20, "guidance": 2.0},
    "version": "abc123",
    "captions": 300,
    "outcomes": [
        {"name": "Chinese names", "count": 60, "first": 0.75, "among_five": 0.9, "distance": 1.25}
    ],
    "enlargement": {"finisher": 27.5, "lanczos": 25.25},
    "groups": {"Food & Drink": (30, 0.8), "": (2, 0.5)},
    "missed": ["fork", "moyai"],
    "read": {"English": [0.75, 0.625], "Chinese": [0.5, 0.25]},
}


def test_what_was_measured_stands_between_its_marks() -> None:
    card = with_evaluation(f"# Card\n{MEASURED}\nold\n{MEASURED_END}\nend", FOUND)
    assert card.startswith("# Card\n")
    assert card.endswith("\nend")
    assert "old" not in card
    assert "| Chinese names | 60 | 0.750 | 0.900 | 1.250 |" in card
    assert "| others | 2 | 0.50 |" in card
    assert "| Chinese | 0.50, 0.25 |" in card
    assert "27.50 dB with the finisher, 25.25 dB with Lanczos" in card
    assert "Not recognised, among others: fork, moyai." in card


def test_a_model_that_misses_nothing_says_nothing_of_it() -> None:
    card = with_evaluation(f"{MEASURED}{MEASURED_END}", {**FOUND, "missed": []})
    assert "Not recognised" not in card


def test_a_card_without_a_place_for_measures_is_refused() -> None:
    with pytest.raises(CardUnmarked):
        with_evaluation(f"{BEGIN}{END}", FOUND)
