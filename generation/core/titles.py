"""Titles for outputs."""

LONGEST_TITLE = 80


def title_of(prompt: str) -> str:
    """Return the prompt's first line, cut between words, at most 80 characters."""
    line = " ".join(prompt.strip().splitlines()[0].split()) if prompt.strip() else ""
    if len(line) <= LONGEST_TITLE:
        return line
    head = line[: LONGEST_TITLE - 1]
    words = head.rsplit(" ", maxsplit=1)[0]
    # Chinese has no spaces: a cut that would lose half of the line is made mid-line instead.
    return (words if len(words) > LONGEST_TITLE // 2 else head).rstrip(" ,;:，；：") + "…"
