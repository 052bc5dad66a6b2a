"""Where findings stand in a text."""

import pytest

from moderation.core.spans import spans_of_piece, spans_of_term


@pytest.mark.parametrize(
    ("text", "term", "spans"),
    [
        ("buy heroin here", "buy heroin", ((0, 10),)),
        ("Buy Heroin, BUY HEROIN", "buy heroin", ((0, 10), (12, 22))),
        ("the Scunthorpe council", "cunt", ()),
        ("f.u.c.k", "fuck", ()),
        ("在这里出售冰毒吗", "出售冰毒", ((3, 7),)),
        ("😀 buy heroin", "buy heroin", ((2, 12),)),
        ("", "fuck", ()),
    ],
)
def test_a_term_is_found_where_it_stands_undisguised(
    text: str, term: str, spans: tuple[tuple[int, int], ...]
) -> None:
    assert spans_of_term(text, term) == spans
    assert all(text[start:end].lower() == term for start, end in spans)


@pytest.mark.parametrize(
    ("text", "piece", "spans"),
    [
        ("One. Two. Three.", "Two.", ((5, 9),)),
        ("One.\nTwo.", "One. Two.", ()),
        ("One.", "", ()),
    ],
)
def test_a_piece_is_found_unless_it_was_put_together_anew(
    text: str, piece: str, spans: tuple[tuple[int, int], ...]
) -> None:
    assert spans_of_piece(text, piece) == spans
