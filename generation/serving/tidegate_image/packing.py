"""How weights are kept in files: large matrices as whole numbers of eight bits, the rest halved.

A row of a matrix (what makes one output) shares one scale, its largest weight over 127.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

SCALE = ".scale"
_SMALLEST = 4096


def pack(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what is written to a file: int8 rows with their float16 scales, or float16."""
    packed: dict[str, Tensor] = {}
    for name, value in weights.items():
        if value.ndim < 2 or value.numel() < _SMALLEST:  # noqa: PLR2004  rows need two dimensions
            packed[name] = value.half().contiguous()
            continue
        scale = (value.float().flatten(1).abs().amax(1) / 127).clamp(min=1e-6).half()
        rows = value.float() / _along(scale, value)
        packed[name] = rows.round().clamp(-127, 127).to(torch.int8).contiguous()
        packed[name + SCALE] = scale
    return packed


def unpack(packed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights in single precision from what `pack` made of them, or from plain halves."""
    return {
        name: value.float() * _along(packed[name + SCALE], value)
        if value.dtype == torch.int8
        else value.float()
        for name, value in packed.items()
        if not name.endswith(SCALE)
    }


def _along(scale: Tensor, value: Tensor) -> Tensor:
    return scale.float().view(-1, *[1] * (value.ndim - 1))
