"""A drawing in another colour."""

from __future__ import annotations

import torch
from torch import Tensor

from generation.serving.tidegate_image.colours import Colour

# Below this a drawing has no colour of its own to change, and is tinted as a whole.
PALE = 0.25
TINT = 0.6


def recoloured(drawing: Tensor, colour: Colour) -> Tensor:
    """Give a drawing, (4, H, W) RGBA of 0..1, another colour; black, white and shading stay.

    What was most colourful takes the colour's full shade. A drawing with next to no colour of its
    own is tinted.
    """
    paint, cover = drawing[:3], drawing[3:]
    value = paint.amax(0, keepdim=True)
    chroma = value - paint.amin(0, keepdim=True)
    own = (chroma * cover).sum() / (value * cover).sum().clamp(min=1e-6)
    if own < PALE:
        chroma = torch.maximum(chroma, TINT * value)
    shade = torch.tensor(colour.shade).view(3, 1, 1)
    return torch.cat([colour.light * (value - chroma * (1 - shade)), cover])
