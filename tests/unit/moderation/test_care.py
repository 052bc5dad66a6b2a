"""How gently a case is shown: of several hazards the gentlest, and never beneath the floor."""

import pytest

from moderation.core.care import (
    BARE,
    GRAPHIC,
    Blur,
    Care,
    CareRules,
    Manner,
    Override,
    with_refinements,
)
from moderation.core.hazards import Hazard, severity

OPEN = Care(
    manner=BARE,
    floor=BARE,
    by_hazard={
        "violence": Override(Blur.STRONG),
        "sexual": Override(Blur.LIGHT, is_grey=True),
        "spam": Override(is_grey=False),
    },
)


def test_what_is_shipped_is_blurred_grey_muted_and_still() -> None:
    shipped = CareRules()
    assert shipped.defaults == Manner(Blur.STRONG, is_grey=True, is_muted=True, has_stills=True)
    assert shipped.floor == BARE
    assert shipped.last == (Hazard.VIOLENCE, Hazard.VIOLENT_CRIME)


@pytest.mark.parametrize(
    ("hazards", "blur", "is_grey"),
    [
        (["spam"], Blur.NONE, False),
        (["hate"], Blur.NONE, False),
        (["violence"], Blur.STRONG, False),
        (["sexual"], Blur.LIGHT, True),
        (["sexual", "violence"], Blur.STRONG, True),
        (["spam", "sexual"], Blur.LIGHT, True),
        (["a hazard of tomorrow"], Blur.NONE, False),
        # Nobody has named anything yet: it may be any of them.
        ([], Blur.STRONG, True),
    ],
)
def test_of_several_hazards_the_gentlest_counts(
    *, hazards: list[str], blur: Blur, is_grey: bool
) -> None:
    shown = OPEN.manner_for(hazards)
    assert (shown.blur, shown.is_grey) == (blur, is_grey)


def test_an_override_may_be_weaker_than_the_rest_but_not_than_the_floor() -> None:
    gentle = Care(Manner(), BARE, by_hazard={"spam": Override(Blur.NONE, is_grey=False)})
    assert gentle.manner_for(["spam"]) == Manner(Blur.NONE, is_grey=False)
    floor = Manner(Blur.LIGHT, is_grey=True, is_muted=True, has_stills=False)
    firm = Care(BARE, floor, by_hazard=gentle.by_hazard)
    assert firm.manner_for(["spam"]) == floor
    assert firm.manner_for([]) == floor


@pytest.mark.parametrize("one", list(Blur))
@pytest.mark.parametrize("other", list(Blur))
def test_the_gentler_of_two_blurs_is_the_stronger(one: Blur, other: Blur) -> None:
    strengths = list(Blur)
    both = Manner(one).at_least(Manner(other))
    assert strengths.index(both.blur) == max(strengths.index(one), strengths.index(other))


@pytest.mark.parametrize(
    ("chosen", "meant"),
    [
        ([], set()),
        (["spam"], {"spam"}),
        (["violence"], {"violence", "violent_crime"}),
        (["violent_crime"], {"violent_crime"}),
        (["dangerous"], {"dangerous", "weapons", "non_violent_crime"}),
        (["no such hazard"], set()),
    ],
)
def test_whoever_wants_none_of_it_wants_none_of_its_graver_forms(
    chosen: list[str], meant: set[str]
) -> None:
    assert set(with_refinements(chosen)) == meant


def test_what_is_graphic_is_known_to_the_taxonomy() -> None:
    assert all(severity(hazard) > 0 for hazard in GRAPHIC)
