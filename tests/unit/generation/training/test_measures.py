"""The arithmetic behind the figures of the image model's card."""

import numpy as np
import pytest

from generation.training.measures import by_group, distance, peak_ratio, recognised

CAPTIONS = np.eye(4)


def test_a_picture_at_its_own_caption_is_recognised() -> None:
    assert recognised(CAPTIONS, CAPTIONS, range(4)).tolist() == [True] * 4


def test_a_picture_nearer_to_another_caption_is_not_recognised() -> None:
    assert recognised(CAPTIONS[[1]], CAPTIONS, [0]).tolist() == [False]


def test_being_second_counts_among_two() -> None:
    pictures = np.array([[0.6, 0.8, 0.0, 0.0]])
    assert recognised(pictures, CAPTIONS, [0], among=1).tolist() == [False]
    assert recognised(pictures, CAPTIONS, [0], among=2).tolist() == [True]


def test_a_tie_counts_against_the_picture() -> None:
    pictures = np.array([[0.5, 0.5, 0.5, 0.5]])
    assert recognised(pictures, CAPTIONS, [0]).tolist() == [False]


def test_two_pictures_may_belong_to_one_caption() -> None:
    assert recognised(CAPTIONS[[2, 2]], CAPTIONS, [2, 2]).tolist() == [True, True]


def test_pictures_without_their_captions_are_refused() -> None:
    with pytest.raises(ValueError, match="4 pictures belong to 3 captions"):
        recognised(CAPTIONS, CAPTIONS, [0, 1, 2])


def test_features_are_at_no_distance_from_themselves() -> None:
    features = np.random.default_rng(1).normal(size=(50, 6))
    assert distance(features, features) == pytest.approx(0, abs=1e-9)


def test_a_shift_is_as_far_as_its_square() -> None:
    features = np.random.default_rng(1).normal(size=(50, 3))
    assert distance(features, features + np.array([3.0, 0.0, 4.0])) == pytest.approx(25)


def test_a_wider_spread_of_one_number_is_the_square_of_the_deviations_gap() -> None:
    features = np.random.default_rng(1).normal(size=(50, 1))
    gap = 2 * features.std(ddof=1)
    assert distance(features, 3 * features - 2 * features.mean()) == pytest.approx(gap**2)


def test_a_distance_is_the_same_both_ways() -> None:
    random = np.random.default_rng(2)
    first, second = random.normal(size=(40, 5)), 2 * random.normal(size=(30, 5)) + 1
    assert distance(first, second) == pytest.approx(distance(second, first))


def test_one_picture_has_no_distance() -> None:
    with pytest.raises(ValueError, match="two pictures"):
        distance(np.zeros((1, 2)), np.zeros((5, 2)))


def test_an_error_of_a_tenth_of_the_range_is_twenty_decibels() -> None:
    wanted = np.full((2, 4, 4, 3), 100.0)
    assert peak_ratio(np.full(wanted.shape, 100, np.uint8), wanted) == float("inf")
    assert peak_ratio(np.full(wanted.shape, 100, np.uint8), wanted + 25.5) == pytest.approx(20)


def test_groups_are_counted_each_for_itself() -> None:
    assert by_group([True, False, True], ["food", "food", "animals"]) == {
        "animals": (1, 1.0),
        "food": (2, 0.5),
    }


def test_every_hit_needs_its_group() -> None:
    with pytest.raises(ValueError, match="zip"):
        by_group([True], [])
