from __future__ import annotations

from pathlib import Path

import moderation.core.encoder
import recommendations.core.encoder


def test_both_services_read_sentences_with_the_same_code() -> None:
    ours = Path(moderation.core.encoder.__file__).read_text("utf-8")
    theirs = Path(recommendations.core.encoder.__file__).read_text("utf-8")

    assert ours == theirs
