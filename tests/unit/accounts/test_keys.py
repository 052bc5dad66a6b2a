import pytest

from tidegate.accounts.keys import digest_of, matches, new_key, prefix_of


def test_a_new_key_is_recognised_by_its_text_only() -> None:
    key = new_key()
    assert prefix_of(key.text) == key.prefix
    assert matches(key.text, key.digest)
    assert key.text not in key.digest
    assert not matches(new_key().text, key.digest)


def test_two_keys_differ() -> None:
    assert new_key().text != new_key().text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tg_",
        "tg_abcdefgh_",
        "tg_abcdefgh_" + "x" * 31,
        "tg_abcdefgh_" + "x" * 33,
        "tg_ABCDEFGH_" + "x" * 32,
        "sk_abcdefgh_" + "x" * 32,
        " tg_abcdefgh_" + "x" * 32,
        "tg_abcdefgh_" + "x" * 32 + "\n",
        "tg_abcdefgh_" + "é" * 32,
    ],
)
def test_malformed_texts_have_no_prefix(text: str) -> None:
    assert prefix_of(text) is None


def test_a_text_that_no_encoding_takes_is_still_compared() -> None:
    assert not matches("\ud800", digest_of(""))
