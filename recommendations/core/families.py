"""Prompt families: all seeds and small re-wordings of one prompt are one slot in a feed."""

import hashlib
import re
import unicodedata

_WORD = re.compile(r"[a-z0-9]+|[^\W\d_a-z]", re.UNICODE)
_FILLER = frozenset({"a", "an", "the", "of", "in", "on", "at", "and", "with", "please"})


def family_of(*, prompt: str, asset_id: str) -> str:
    """Return the family's name: 16 hexadecimal digits.

    Letter case, punctuation, order and filler words do not matter. Without a prompt an asset
    is a family of its own.
    """
    plain = unicodedata.normalize("NFKC", prompt).casefold()
    words = {word for word in _WORD.findall(plain) if word not in _FILLER}
    text = " ".join(sorted(words)) if words else f"asset {asset_id}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
