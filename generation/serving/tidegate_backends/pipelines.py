"""Loading a diffusers pipeline as an entry says, and calling it for several requests at once."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline, PipelineQuantizationConfig

from generation.core.backends.options import DiffusersImage, DiffusersVideo
from generation.core.backends.served import Served, Value
from generation.core.wire import InvalidRequest
from generation.serving.tidegate_backends.places import (
    Place,
    PlaceUnavailable,
    choose_place,
    compile_module,
    model_version,
    store_in_float8,
)
from generation.serving.tidegate_backends.replies import Cancelled
from generation.serving.tidegate_backends.requests import Asked
from generation.serving.tidegate_backends.sources import (
    WeightsMissing,
    find_weights,
    pipeline_download,
)

_NAMES = {
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
    "negative_prompt": "negative_prompt",
    "width": "width",
    "height": "height",
    "strength": "strength",
}
"""What diffusers calls a parameter; an entry's `argument_names` goes first."""
_NETWORKS = ("unet", "transformer", "transformer_2", "text_encoder", "text_encoder_2")
_DENOISERS = ("unet", "transformer", "transformer_2")
# Their prompts are padded to the longest of the batch, which changes every row's sums.
_PADS_TO_LONGEST = frozenset({"QwenImagePipeline"})


class Pipeline:
    """A loaded pipeline, its adapters, and its version.

    Raises:
        WeightsMissing: the weights or an adapter are not on this machine, or are not whole.
        PlaceUnavailable: this machine or this pipeline cannot do what the entry asks.
    """

    def __init__(self, served: Served, options: DiffusersImage | DiffusersVideo) -> None:
        self._options = options
        self._place = choose_place(options)
        weights = find_weights(
            options.source,
            options.revision,
            entry=served.entry,
            download=pipeline_download(options.variant),
        )
        self.pipe = _load(options, self._place, weights.folder, served.entry)
        identities = [weights.identity, *self._lay_adapters(served.entry)]
        for name in _DENOISERS:
            if getattr(self.pipe, name, None) is not None:
                compile_module(getattr(self.pipe, name), options)
        self.version = model_version(options, self._place, identities)
        self._refuse_what_it_cannot(served)

    def call(
        self,
        asked: Sequence[Asked],
        arguments: Mapping[str, object],
        *,
        pipe: Any = None,
        rows: Mapping[str, Sequence[object]] | None = None,
    ) -> Any:
        """Run once for requests that are alike, and return the pipeline's output.

        Args:
            asked: The requests; each has its own prompt and its own random numbers.
            arguments: The call's arguments, by the pipeline's names.
            pipe: Another form of the same pipeline.
            rows: Arguments with one value for each request.

        Raises:
            InvalidRequest: the pipeline refuses the arguments.
            Cancelled: nobody waits for any of them any more; asked between two steps.
        """
        filled = [*asked, *[asked[-1]] * self._padding(len(asked))]
        # On the CPU, whatever the device: the same seed is the same noise everywhere.
        seeds = [torch.Generator("cpu").manual_seed(one.request.seed) for one in filled]
        given: dict[str, object] = {**self._options.arguments, **arguments}
        if isinstance(given.get("negative_prompt"), str):
            given["negative_prompt"] = [given["negative_prompt"]] * len(filled)
        for name, values in (rows or {}).items():
            given[name] = [*values, *[values[-1]] * (len(filled) - len(asked))]
        with torch.inference_mode(), self._adapted(asked[0].values.get("adapter")):
            try:
                return (pipe or self.pipe)(
                    prompt=[one.request.prompt for one in filled],
                    generator=seeds,
                    callback_on_step_end=_Watch(asked),
                    **given,
                )
            except ValueError as exc:  # what a pipeline raises for arguments it does not take
                raise InvalidRequest(str(exc)) from exc

    def arguments(self, values: Mapping[str, Value]) -> dict[str, object]:
        """The pipeline's names of a request's values, a size taken apart."""
        found: dict[str, object] = {
            self._name(name): value for name, value in values.items() if name in _NAMES
        }
        if "size" in values:
            width, height = size_of(values["size"])
            found |= {"width": width, "height": height}
        return found

    def _name(self, parameter: str) -> str:
        return self._options.argument_names.get(parameter, _NAMES[parameter])

    def _padding(self, count: int) -> int:
        return self._options.batch - count if self._options.fixed_batch else 0

    def _refuse_what_it_cannot(self, served: Served) -> None:
        kind = type(self.pipe).__name__
        if self._options.batch > 1 and kind in _PADS_TO_LONGEST:
            raise PlaceUnavailable(
                f"{served.entry}: {kind} pads prompts to the longest of a batch, which changes "
                "the bytes of the others: leave batch out"
            )
        known = set(inspect.signature(self.pipe.__call__).parameters)
        names = {item.name for item in served.parameters} & set(_NAMES) - {"strength"}
        wanted = {self._name(name) for name in names} | set(self._options.arguments)
        if unknown := sorted(wanted - known):
            raise PlaceUnavailable(f"{served.entry}: {kind} takes no {', '.join(unknown)}")

    def _lay_adapters(self, entry: str) -> list[str]:
        """Load every adapter beside the weights, all of them off; return what they are."""
        identities = []
        for adapter in self._options.adapters:
            found = find_weights(adapter.source, adapter.revision, entry=entry)
            self.pipe.load_lora_weights(
                str(found.folder), adapter_name=adapter.name, use_safetensors=True
            )
            identities.append(found.identity)
        if identities:
            self.pipe.disable_lora()
        return identities

    @contextmanager
    def _adapted(self, name: Value | None) -> Iterator[None]:
        """Have one adapter on while the requests run."""
        if name is None:
            yield
            return
        weights = {adapter.name: adapter.weight for adapter in self._options.adapters}
        if name not in weights:
            raise InvalidRequest(f"this model has no adapter {name}")
        self.pipe.enable_lora()
        self.pipe.set_adapters([name], [weights[str(name)]])
        try:
            yield
        finally:
            self.pipe.disable_lora()


def size_of(size: Value) -> tuple[int, int]:
    """Width and height of `768x512`, or of a number that is both.

    Raises:
        InvalidRequest: it is neither.
    """
    width, _, height = str(size).partition("x")
    if not width.isdigit() or not (height or width).isdigit():
        raise InvalidRequest(f"size must be like 768x512, not {size}")
    return int(width), int(height or width)


class _Watch:
    """Called by the pipeline after each step: tells it, and stops what nobody waits for."""

    def __init__(self, asked: Sequence[Asked]) -> None:
        self._replies = [one.reply for one in asked]

    def __call__(
        self, pipe: Any, step: int, timestep: object, tensors: dict[str, object]
    ) -> dict[str, object]:
        waiting = [reply for reply in self._replies if not reply.is_cancelled]
        if not waiting:
            raise Cancelled
        for reply in waiting:
            reply.progress(step + 1, pipe.num_timesteps)
        return tensors


def _load(options: DiffusersImage | DiffusersVideo, place: Place, folder: Path, entry: str) -> Any:
    spread = options.device_map != "none"
    try:
        pipe = DiffusionPipeline.from_pretrained(
            folder,
            dtype={"default": place.dtype} | dict.fromkeys(options.float32_parts, torch.float32),
            variant=options.variant,
            device_map="balanced" if spread else None,
            quantization_config=_bits(options, place),
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )
    except OSError as exc:
        raise WeightsMissing(f"{entry}: the weights in {folder} are not whole: {exc}") from exc
    pipe.set_progress_bar_config(disable=True)
    if options.quantisation == "float8":
        for name in _NETWORKS:
            if getattr(pipe, name, None) is not None:
                store_in_float8(getattr(pipe, name), place)
    if options.offload == "model":
        pipe.enable_model_cpu_offload(device=place.device)
    elif options.offload == "sequential":
        pipe.enable_sequential_cpu_offload(device=place.device)
    elif not spread:
        pipe.to(place.device)
    return pipe


def _bits(
    options: DiffusersImage | DiffusersVideo, place: Place
) -> PipelineQuantizationConfig | None:
    if not options.quantisation.startswith("bitsandbytes"):
        return None
    if options.quantisation == "bitsandbytes-8bit":
        return PipelineQuantizationConfig(
            quant_backend="bitsandbytes_8bit",
            quant_kwargs={"load_in_8bit": True},
            components_to_quantize=list(_DENOISERS),
        )
    return PipelineQuantizationConfig(
        quant_backend="bitsandbytes_4bit",
        quant_kwargs={
            "load_in_4bit": True,
            "bnb_4bit_quant_type": "nf4",
            "bnb_4bit_compute_dtype": place.dtype,
        },
        components_to_quantize=list(_DENOISERS),
    )
