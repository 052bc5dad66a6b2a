from itertools import product

import pytest

from tidegate.assets.models import Asset, Visibility
from tidegate.primitives.errors import InvalidMove

LEGAL = {
    ("pending", "released"),
    ("pending", "held"),
    ("pending", "blocked"),
    ("held", "released"),
    ("held", "blocked"),
    ("released", "held"),
    ("released", "withdrawn"),
    ("blocked", "released"),
    # Only when a ruling is taken back.
    ("blocked", "held"),
    ("blocked", "withdrawn"),
    ("withdrawn", "released"),
    ("withdrawn", "blocked"),
}


@pytest.mark.parametrize(("before", "after"), list(product(Visibility, Visibility)))
def test_an_asset_moves_along_the_table_and_nowhere_else(
    before: Visibility, after: Visibility
) -> None:
    asset = Asset(visibility=before, visibility_version=4)
    if (before.value, after.value) in LEGAL:
        asset.move_to(after)
        assert (asset.visibility, asset.visibility_version) == (after, 5)
    else:
        with pytest.raises(InvalidMove):
            asset.move_to(after)
        assert (asset.visibility, asset.visibility_version) == (before, 4)
