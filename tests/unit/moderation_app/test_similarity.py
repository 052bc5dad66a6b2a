from moderation.app.selectors.similarity import likeness, traits


def test_the_same_words_and_hazards_are_entirely_alike() -> None:
    one = traits(hazards=["hate"], text="A red fox, sleeping", pdq="")
    assert likeness(one, traits(hazards=["hate"], text="sleeping RED fox a", pdq="")).value == 1.0


def test_nothing_in_common_is_not_alike() -> None:
    one = traits(hazards=["hate"], text="red fox", pdq="")
    assert likeness(one, traits(hazards=["spam"], text="blue whale", pdq="")).value == 0.0


def test_nothing_at_all_is_not_alike_either() -> None:
    empty = traits(hazards=[], text="", pdq="")
    assert likeness(empty, empty).value == 0.0


def test_pictures_a_few_bits_apart_are_alike_and_the_ground_says_so() -> None:
    one = traits(hazards=["sexual"], text="beach", pdq="f" * 64)
    other = traits(hazards=["sexual"], text="mountain", pdq="f" * 62 + "00")
    measure = likeness(one, other)
    assert measure.value > 0.8
    assert measure.why.startswith("picture alike")


def test_chinese_is_compared_character_by_character() -> None:
    one = traits(hazards=[], text="一只红色的狐狸", pdq="")
    other = traits(hazards=[], text="红色狐狸", pdq="")
    assert likeness(one, other).value > 0.3
