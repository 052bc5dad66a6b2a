import pytest
from django.utils import translation

from moderation.app.public_reasons import public_reason, public_reasons
from moderation.core.hazards import Hazard


@pytest.mark.parametrize("hazard", list(Hazard))
def test_every_hazard_has_a_title_in_english_and_chinese(hazard: Hazard) -> None:
    title = public_reason(hazard).title
    with translation.override("zh-hans"):
        chinese = translation.gettext(title)
    assert title.isascii()
    assert not chinese.isascii()


@pytest.mark.parametrize(
    "hazards",
    [["child_safety"], ["child_safety", "sexual"], ["violence", "child_safety", "hate"]],
)
def test_a_hazard_about_children_tells_the_author_no_detail(hazards: list[str]) -> None:
    assert [reason.code for reason in public_reasons(hazards)] == ["rules"]


def test_a_hazard_nobody_has_put_in_words_says_that_a_person_will_look() -> None:
    assert public_reason("brand_new_label").code == "review"


def test_each_reason_is_given_once_and_in_order() -> None:
    codes = [reason.code for reason in public_reasons(["hate", "x", "hate", "y", "spam"])]
    assert codes == ["hate", "review", "spam"]
