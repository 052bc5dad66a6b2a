"""The last stage: a small network that doubles a decoded picture and makes its edges crisp."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

PATCH = 4
WIDTH = 64
BLOCKS = 3


# torch, and so its types, is absent where types are checked.
class _Block(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.second = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden + self.second(functional.silu(self.first(functional.silu(hidden))))


class Finisher(nn.Module):  # type: ignore[misc]
    """Corrects the bicubic enlargement of a picture; works on patches of 4x4 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv2d(3 * PATCH**2, WIDTH, 3, padding=1)
        self.blocks = nn.ModuleList(_Block() for _ in range(BLOCKS))
        self.leave = nn.Conv2d(WIDTH, 3 * (2 * PATCH) ** 2, 3, padding=1)
        # Untrained, it changes nothing.
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, picture: Tensor) -> Tensor:
        """Turn pictures (B, 3, H, W) of about -1..1 into (B, 3, 2H, 2W)."""
        hidden = self.enter(functional.pixel_unshuffle(picture, PATCH))
        for block in self.blocks:
            hidden = block(hidden)
        correction = functional.pixel_shuffle(self.leave(hidden), 2 * PATCH)
        enlarged: Tensor = functional.interpolate(
            picture, scale_factor=2, mode="bicubic", align_corners=False
        )
        return enlarged + correction
