"""What a catalogue entry may say of a back-end: options, checked where they are written and read.

The application reads them with the entry; the model reads the same document again beside Triton.
Keys are never options: an option names the environment variable that holds one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Scalar = bool | int | float | str
Source = Annotated[str, Field(pattern=r"^[A-Za-z0-9._/][A-Za-z0-9._/-]{0,250}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]

_HUB_ID = re.compile(r"^[A-Za-z0-9][\w.-]*/[\w.-]+$")


class OptionsRefused(ValueError):
    """An entry's options cannot be used; the message names each field and what is wrong."""


class Options(BaseModel):
    """What every back-end has: nothing but what its own class says, and nothing unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    modalities: ClassVar[frozenset[str]]
    parameters: ClassVar[frozenset[str]]
    """The names of an entry's parameters that mean something to the back-end."""
    takes_pictures: ClassVar[bool] = False

    batch: Annotated[int, Field(ge=1, le=64)] = 1
    """How many requests Triton may hand over together."""
    queue_delay_ms: Annotated[int, Field(ge=0, le=1000)] = 0
    """How long Triton waits for a batch to become full."""
    instances: Annotated[int, Field(ge=1, le=16)] = 1
    """How many times the model is loaded."""


class Adapter(BaseModel):
    """A LoRA adapter in safetensors, loaded beside the weights and chosen by a request's name."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Name
    source: Source
    revision: str | None = None
    weight: Annotated[float, Field(ge=0, le=4)] = 1.0


class Weights(Options):
    """Options of everything that loads weights.

    `source` is a hub id (`owner/name`), an absolute path, or the name of a folder in the models
    directory. Weights are safetensors only, and code that lies beside them is never run.
    """

    source: Source
    revision: str | None = None
    variant: Annotated[str, Field(pattern=r"^[a-z0-9]{1,16}$")] | None = None
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    """`auto`: bfloat16 on a GPU, float32 on a CPU."""
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d{1,2})?)$")] = "auto"
    device_map: Literal["none", "auto", "balanced"] = "none"
    """Other than `none`: the weights are spread over the GPUs, with `device` left out."""
    quantisation: Literal["none", "float8", "bitsandbytes-8bit", "bitsandbytes-4bit"] = "none"
    compile: Literal["none", "default", "reduce-overhead", "max-autotune"] = "none"
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    """On a CPU. The last bits of a sum depend on their number."""
    adapters: list[Adapter] = []

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.device_map != "none" and self.device != "auto":
            raise ValueError("device_map spreads over the GPUs: leave device out")
        if self.quantisation == "float8" and self.adapters:
            raise ValueError("adapters cannot be laid over weights stored in float8")
        names = [adapter.name for adapter in self.adapters]
        if len(set(names)) != len(names):
            raise ValueError("two adapters share a name")
        return self


class _Diffusers(Weights):
    """Options of any diffusers pipeline."""

    offload: Literal["none", "model", "sequential"] = "none"
    """Keep on the GPU only the part that works; slower, for small GPUs."""
    fixed_batch: bool = True
    """Fill a batch that is not full. A lone request costs as much as a full batch, and in return
    has the same bytes alone and among others: a GPU's sums depend on the batch's size."""
    float32_parts: list[Name] = []
    """Parts of the pipeline whose numbers need more room than `dtype` has: `[vae]` of Wan."""
    arguments: dict[str, Scalar] = {}
    """Given to every call of the pipeline; a request's parameters come on top."""
    argument_names: dict[str, Name] = {}
    """What the pipeline calls a parameter, where it differs: `{guidance: true_cfg_scale}`."""

    @model_validator(mode="after")
    def _is_on_one_place(self) -> Self:
        if self.offload != "none" and (self.device_map != "none" or self.device == "cpu"):
            raise ValueError("offload needs one GPU: no device_map, and another device than cpu")
        unknown = sorted(set(self.argument_names) - self.parameters)
        if unknown:
            raise ValueError(f"argument_names: no parameter is called {', '.join(unknown)}")
        return self


class DiffusersImage(_Diffusers):
    """`diffusers_image`: any text-to-image pipeline, and its image-to-image and inpainting forms.

    `own_safety: required` refuses to load a pipeline without a safety checker of its own. One that
    is there is always obeyed, before and not instead of the gate.
    """

    modalities = frozenset({"image"})
    takes_pictures = True
    parameters = frozenset(
        {
            *("steps", "guidance", "negative_prompt", "width", "height", "size", "adapter"),
            *("image", "mask", "strength"),
        }
    )

    own_safety: Literal["if-present", "required"] = "if-present"


class DiffusersVideo(_Diffusers):
    """`diffusers_video`: any text-to-video pipeline, written as an MP4."""

    modalities = frozenset({"video"})
    parameters = frozenset(
        {"steps", "guidance", "negative_prompt", "width", "height", "size", "seconds", "adapter"}
    )

    fps: Annotated[int, Field(ge=1, le=60)] = 24
    seconds: Annotated[float, Field(gt=0, le=60)] = 3.0
    """Where the request does not say."""


class TransformersText(Weights):
    """`transformers_text`: any causal language model, streamed token by token."""

    modalities = frozenset({"text"})
    parameters = frozenset(
        {
            *("max_tokens", "temperature", "top_p", "top_k", "repetition_penalty"),
            *("system", "adapter", "json_schema"),
        }
    )

    batch: Literal[1] = 1  # a stream is one request's; many at a time is openai_compatible's
    chat: bool = True
    """Speak through the tokenizer's chat template; without, the prompt is continued."""
    system: Annotated[str, Field(max_length=4000)] = ""
    """Said first where the request has no `system`; empty: the template's own."""
    template_options: dict[str, Scalar] = {}
    """Variables of the chat template: `{enable_thinking: false}`."""
    prompt_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = 2048


class TransformersAudio(Weights):
    """`transformers_audio`: MusicGen and its like, and VITS speech; WAV."""

    modalities = frozenset({"music", "speech"})
    parameters = frozenset({"seconds", "guidance", "temperature", "top_k", "speed", "voice"})

    adapters: Annotated[list[Adapter], Field(max_length=0)] = []


class OpenAiCompatible(Options):
    """`openai_compatible`: a vLLM, SGLang or TGI server, over its streamed chat completions.

    The server batches: `concurrency` requests are under way at a time. `retries` counts further
    tries of what heals (no connection, 429, 502, 503, 504), and none is made after the first word.
    """

    modalities = frozenset({"text"})
    parameters = frozenset(
        {
            *("max_tokens", "temperature", "top_p", "top_k", "repetition_penalty"),
            *("frequency_penalty", "presence_penalty", "system", "json_schema"),
        }
    )

    batch: Literal[1] = 1
    instances: Literal[1] = 1
    model: Annotated[str, Field(min_length=1, max_length=200)]
    base_url: Annotated[str, Field(pattern=r"^https?://\S{1,400}$")] | None = None
    base_url_env: Variable | None = None
    api_key_env: Variable | None = None
    connect_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    silence_seconds: Annotated[float, Field(gt=0, le=600)] = 120.0
    """How long the server may say nothing."""
    retries: Annotated[int, Field(ge=0, le=10)] = 3
    concurrency: Annotated[int, Field(ge=1, le=256)] = 32
    system: Annotated[str, Field(max_length=4000)] = ""
    extra_body: dict[str, Any] = {}
    """Further fields of the request, for example `{chat_template_kwargs: {…}}` of vLLM."""

    @model_validator(mode="after")
    def _has_one_address(self) -> Self:
        if (self.base_url is None) == (self.base_url_env is None):
            raise ValueError("give either base_url or base_url_env")
        return self


BACKENDS: Mapping[str, type[Options]] = MappingProxyType(
    {
        "diffusers_image": DiffusersImage,
        "diffusers_video": DiffusersVideo,
        "transformers_text": TransformersText,
        "transformers_audio": TransformersAudio,
        "openai_compatible": OpenAiCompatible,
    }
)
"""Every back-end by the name that entries use."""


def read_options(backend: str, written: Mapping[str, Any]) -> Options:
    """Check an entry's options.

    Raises:
        OptionsRefused: there is no such back-end, or an option is unknown or out of its range.
    """
    shape = BACKENDS.get(backend)
    if shape is None:
        raise OptionsRefused(f"no back-end is called {backend!r}; there are {', '.join(BACKENDS)}")
    try:
        return shape.model_validate(dict(written))
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in problem['loc']) or 'options'}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise OptionsRefused(f"{backend}: {'; '.join(lines)}") from error


def is_hub_id(source: str) -> bool:
    """Whether a source has the form `owner/name`; it may also be a folder of that name."""
    return _HUB_ID.fullmatch(source) is not None
