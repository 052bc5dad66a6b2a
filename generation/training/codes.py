"""What the denoiser learns from: latents, and the codes and colours that ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from generation.training import data, sources, views
from generation.training.latents import encode

CODE = 128
MIRRORED = 0.7
COLOURED = 0.15
# Every drawing that is no concept's own: other sets (but those held out), skin tones.
OTHERS = 0.04


@dataclass(frozen=True, slots=True)
class Basis:
    """The main components of the views' latents: `basis` (CODE, C, 8, 8), `centre` (C, 8, 8).

    A code has deviation 1 in every component, so that noise on it blurs all of them alike.
    """

    basis: Tensor
    centre: Tensor

    def codes(self, latents: Tensor) -> Tensor:
        """Return the codes (N, CODE) of latents (N, C, 8, 8)."""
        flat = self.basis.flatten(1)
        codes: Tensor = (latents - self.centre).flatten(1) @ (flat / flat.square().sum(1, True)).T
        return codes


@dataclass(frozen=True, slots=True)
class Examples:
    """Latents (N, C, 8, 8), the codes (N, CODE) and colours (N,) asking for them, weights (N,)."""

    latents: Tensor
    codes: Tensor
    colours: Tensor
    weights: Tensor


def basis_of(latents: Tensor) -> Basis:
    """Find the main components of latents (N, C, 8, 8)."""
    centre = latents.mean(0)
    spread = (latents - centre).flatten(1)
    variances, directions = torch.linalg.eigh(spread.T @ spread / len(spread))
    main = (directions * variances.clamp(min=0).sqrt()).flip(1)[:, :CODE]
    return Basis(main.T.unflatten(1, centre.shape).contiguous(), centre)


def read_basis(folder: Path) -> Basis:
    """Return the basis of all views."""
    return basis_of(views.load(folder).latents)


def read_examples(folder: Path) -> Examples:
    """Lay the views and all other drawings out for fast random choice."""
    seen, basis = views.load(folder), read_basis(folder)
    table = data.load(folder)
    codes = basis.codes(seen.latents)
    asked = torch.tensor(
        [view.concept if view.colour else number for number, view in enumerate(seen.views)]
    )
    kinds = [
        COLOURED if view.colour else MIRRORED if view.is_mirrored else 1.0 for view in seen.views
    ]
    others = torch.tensor(
        [
            number
            for number, row in enumerate(table.rows)
            if row.prefix not in sources.HELD_OUT and not is_left_to_views(row)
        ]
    )
    rest = encode(folder).values[others]
    return Examples(
        torch.cat([seen.latents, rest]),
        torch.cat([codes[asked], basis.codes(rest)]),
        torch.cat([torch.tensor([view.colour for view in seen.views]), torch.zeros_like(others)]),
        torch.cat([torch.tensor(kinds), torch.full((len(others),), OTHERS)]),
    )


def is_left_to_views(row: data.Row) -> bool:
    """Whether a drawing is of the shown style and no skin-tone variant: views show those."""
    shown = next(item for item in sources.ICON_SETS if item.prefix == sources.DEFAULT_STYLE)
    return row.prefix == shown.prefix and row.weight > shown.weight * sources.TONED_SHARE


def concept_codes(folder: Path) -> Tensor:
    """Return the codes of each concept's drawing and of its mirror image, (2, K, CODE)."""
    seen = views.load(folder)
    plain = sum(not view.colour for view in seen.views)
    return read_basis(folder).codes(seen.latents[:plain]).unflatten(0, (2, plain // 2))
