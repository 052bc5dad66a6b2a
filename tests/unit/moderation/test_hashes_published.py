"""PDQ against the values that ThreatExchange publishes for its own pictures.

The pictures (pdq/data/bridge-mods of facebook/ThreatExchange) are not ours to ship:
TIDEGATE_PDQ_PICTURES names a folder with them and their EXPECTED_PDQ.txt.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from moderation.core import hashes

FOLDER = os.environ.get("TIDEGATE_PDQ_PICTURES", "")
# Another decoder and another scaling than the reference's move a bit now and then.
MOST_DIFFERENCE = 2


@pytest.mark.skipif(not FOLDER, reason="TIDEGATE_PDQ_PICTURES names no folder")
def test_published_pictures_have_their_published_hashes() -> None:
    folder = Path(FOLDER)
    expected = {
        Path(line.split(",")[2]).name: line.split(",")[:2]
        for line in (folder / "EXPECTED_PDQ.txt").read_text().splitlines()
        if line.count(",") == 2
    }
    assert len(expected) == 12
    for name, (value, quality) in expected.items():
        hashed = hashes.pdq((folder / name).read_bytes())
        assert hashes.distance(hashed.value, value) <= MOST_DIFFERENCE, name
        assert hashed.quality == int(quality), name


# Drawn from formulas, so no decoder has a say; computed once, when the published ones agreed.
DRAWN = {
    3: "049207f802d2047e16d27f78ff92bf78ff92fd78fb92d97857920067006d0a86",
    5: "f852f0f8f052e5f8d05207f85152aff85152aff851520507faad0557a7fd5806",
    8: "c38887020fb81f127eb87c12faf851524007aaed0147affd5546ffecffa6402c",
}


@pytest.mark.parametrize("waves", DRAWN)
def test_pictures_drawn_from_formulas_keep_their_hashes(waves: int) -> None:
    rows, columns = np.mgrid[0:200, 0:300].astype(np.float32)
    red = 127 + 127 * np.sin(columns * waves / 40) * np.cos(rows / 23)
    green = 127 + 127 * np.sin(rows * waves / 60 + columns / 31)
    blue = (rows * columns / waves) % 256
    hashed = hashes.pdq_of_pixels(np.stack([red, green, blue], axis=2).astype(np.float32))
    assert hashed.is_usable
    # The sums of 60 000 numbers differ in their last bits between processors.
    assert hashes.distance(hashed.value, DRAWN[waves]) <= MOST_DIFFERENCE
