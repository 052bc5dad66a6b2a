"""Findings drawn into a text: by where they stood in what was judged, whatever is masked."""

from moderation.core.marking import Segment, segments


def texts(found: tuple[Segment, ...]) -> list[tuple[str, tuple[int, ...]]]:
    return [(one.text, one.findings) for one in found]


def test_a_finding_is_cut_out_of_the_text() -> None:
    found = segments("he will kill him", [(1, [(8, 12)])])
    assert texts(found) == [("he will ", ()), ("kill", (1,)), (" him", ())]


def test_findings_may_overlap_touch_and_cover_all() -> None:
    found = segments("abcdef", [(1, [(0, 4)]), (2, [(2, 6)])])
    assert texts(found) == [("ab", (1,)), ("cd", (1, 2)), ("ef", (2,))]
    # What stands in one finding alone is one piece.
    assert texts(segments("ab", [(1, [(0, 1), (1, 2)])])) == [("ab", (1,))]


def test_ranges_count_characters_and_not_bytes() -> None:
    text = "🙂 他要杀了他 🙂"
    start = text.index("杀")
    found = segments(text, [(3, [(start, start + 1)])])
    assert ("杀", (3,)) in texts(found)
    assert "".join(one.text for one in found) == text


def test_masking_before_a_finding_does_not_move_it_and_shows_nothing() -> None:
    text = "write to ada@example.com or I kill you"
    start = text.index("kill")
    found = segments(text, [(1, [(start, start + 4)])])
    assert texts(found) == [
        ("write to [e-mail 1] or I ", ()),
        ("kill", (1,)),
        (" you", ()),
    ]
    bare = segments(text, [(1, [(start, start + 4)])], names=None)
    assert "ada@example.com" in bare[0].text


def test_a_finding_within_what_is_masked_marks_it_as_a_whole() -> None:
    text = "mail ada@example.com now"
    start = text.index("ada")
    found = segments(text, [(1, [(start, start + 3)])])
    assert texts(found) == [("mail ", ()), ("[e-mail 1]", (1,)), (" now", ())]


def test_an_empty_text_has_no_pieces() -> None:
    assert segments("", []) == ()
