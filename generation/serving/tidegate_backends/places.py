"""Where and how weights are held: device, number format, quantisation, compilation."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch

from generation.core.backends.options import Weights

_LIBRARIES = ("torch", "diffusers", "transformers", "peft")
# Layers whose values are too fine for eight bits, by a pattern in their name; T5 casts what goes
# into its last layer (`wo`) to the format that it finds there.
_KEPT_WHOLE = ("norm", "embed", "shared", "lm_head", "proj_out", "time_", "rotary", r"\.wo$")


class PlaceUnavailable(RuntimeError):
    """This machine cannot hold the model as the entry asks; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Place:
    """A device and the number format that is calculated in."""

    device: str
    dtype: torch.dtype

    @property
    def is_gpu(self) -> bool:
        """Whether it is not the CPU."""
        return self.device != "cpu"

    @property
    def hardware(self) -> str:
        """What calculates: another GPU has other last bits."""
        return torch.cuda.get_device_name(self.device) if self.is_gpu else "cpu"


def choose_place(options: Weights) -> Place:
    """Decide the device and the format, and limit the CPU's threads.

    Raises:
        PlaceUnavailable: a GPU or a library is asked for that is not here.
    """
    torch.set_num_threads(options.threads)
    has_gpu = torch.cuda.is_available()
    device = options.device
    if device == "auto":
        device = "cuda" if has_gpu else "cpu"
    if device != "cpu" and not has_gpu:
        raise PlaceUnavailable(f"device {device} is asked for, and torch finds no GPU")
    if options.device_map != "none" and not has_gpu:
        raise PlaceUnavailable("device_map spreads over GPUs, and torch finds none")
    if options.quantisation.startswith("bitsandbytes"):
        if importlib.util.find_spec("bitsandbytes") is None:
            raise PlaceUnavailable(
                f"quantisation {options.quantisation} needs the package bitsandbytes (MIT) in "
                "the serving environment: .venv-serving/bin/pip install bitsandbytes"
            )
        if device == "cpu":
            raise PlaceUnavailable(f"quantisation {options.quantisation} needs a GPU")
    if options.dtype == "auto":
        dtype = torch.float32 if device == "cpu" else torch.bfloat16
    else:
        dtype = getattr(torch, options.dtype)
    return Place(device, dtype)


def store_in_float8(module: Any, place: Place) -> None:
    """Keep a network's weights in eight bits and calculate in the place's format.

    It halves what bfloat16 takes; each layer's weights are widened when it is used.
    """
    from diffusers.hooks import apply_layerwise_casting

    apply_layerwise_casting(
        module,
        storage_dtype=torch.float8_e4m3fn,
        compute_dtype=place.dtype,
        skip_modules_pattern=_KEPT_WHOLE,
    )


def compile_module(module: Any, options: Weights) -> None:
    """Let torch compile a network's forward pass; the first call then takes minutes."""
    if options.compile != "none":
        module.compile(mode=options.compile)


def model_version(options: Weights, place: Place, identities: Iterable[str]) -> str:
    """Twelve digits of what decides an output's bytes: weights, options, libraries, hardware."""
    parts = [
        options.model_dump(mode="json", exclude={"source", "queue_delay_ms", "instances"}),
        [place.hardware, str(place.dtype)],
        [f"{name} {version(name)}" for name in _LIBRARIES],
        list(identities),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
