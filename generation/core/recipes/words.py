"""What a reference puts into a sentence: one value as words, shortened where the recipe says so."""

import json
import re
from typing import Any

# A mark that ends a sentence, with the quotation marks and brackets that close behind it.
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*(?=\s|$)|[。！？][”’」』）]*")


def words_of(value: Any, spec: str = "") -> str:
    """Return a value as words.

    `spec` is what stands behind the colon of a reference: a number shortens to that many
    characters at most, `sentence` takes the first sentence, `lines` writes a list one item per
    line. Without it a list is joined by commas, and an object is written as JSON.
    """
    if isinstance(value, list):
        separator = "\n" if spec == "lines" else ", "
        text = separator.join(words_of(item) for item in value)
    elif isinstance(value, dict):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float):
        text = f"{value:g}"
    else:
        text = "" if value is None else str(value)
    text = text.strip()
    if spec == "sentence":
        return first_sentence(text)
    return shortened(text, int(spec)) if spec.isdigit() else text


def first_sentence(text: str) -> str:
    """Return the first sentence of a text's first paragraph; all of that when none ends in it."""
    paragraph = text.strip().split("\n\n", maxsplit=1)[0].strip()
    found = _SENTENCE_END.search(paragraph)
    return paragraph[: found.end()] if found else paragraph


def shortened(text: str, most: int) -> str:
    """Return at most `most` characters: whole sentences if they fill half of it, else words."""
    if len(text) <= most:
        return text
    head = text[:most]
    ends = [found.end() for found in _SENTENCE_END.finditer(text, 0, most + 1)]
    sentences = max((end for end in ends if end <= most), default=0)
    if sentences >= most // 2:
        return head[:sentences].rstrip()
    is_between_words = text[most].isspace()
    words = head if is_between_words else head.rsplit(None, maxsplit=1)[0]
    # Chinese has no spaces: a cut that would lose half of it is made anywhere.
    return (words if len(words) >= most // 2 else head).rstrip(" ,;:，；：")
