"""The back-end `transformers_text`: any causal language model, streamed token by token.

One request at a time and instance: many at a time is what a vLLM server does, with batches that
change from token to token; `openai_compatible` speaks to one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from peft.tuners.lora import LoraLayer
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    LogitsProcessor,
    LogitsProcessorList,
)
from transformers.generation.streamers import BaseStreamer

from generation.core.backends.options import TransformersText
from generation.core.backends.served import Served, Value
from generation.core.structured.telling import told
from generation.core.wire import InvalidRequest, TextPiece
from generation.serving.tidegate_backends.chat import (
    Pieces,
    conversation_tokens,
    plain_tokens,
    within,
)
from generation.serving.tidegate_backends.places import (
    Place,
    choose_place,
    compile_module,
    model_version,
    store_in_float8,
)
from generation.serving.tidegate_backends.replies import Cancelled, Reply, answering
from generation.serving.tidegate_backends.requests import Asked, read_requests, served_from
from generation.serving.tidegate_backends.sources import WeightsMissing, find_weights
from generation.serving.tidegate_json.grammar import Grammar, Grammars

_MAX_TOKENS = 256


class TritonPythonModel:
    """Requests run one after the other; each token is sent as soon as it is known."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the tokenizer, the weights and the adapters."""
        self._served = served_from(args)
        self._writer = Writer(self._served)

    def execute(self, requests: Sequence[Any]) -> None:
        """Answer each request through its response sender."""
        for asked in read_requests(requests, self._served):
            with answering([asked.reply], self._served.entry):
                self._writer.write(asked)


class Writer:
    """A loaded language model.

    Raises:
        WeightsMissing: the weights or an adapter are not on this machine.
        PlaceUnavailable: this machine cannot hold them as the entry asks.
    """

    def __init__(self, served: Served) -> None:
        self._options = cast("TransformersText", served.options)
        place = choose_place(self._options)
        weights = find_weights(self._options.source, self._options.revision, entry=served.entry)
        self._tokenizer = AutoTokenizer.from_pretrained(weights.folder, trust_remote_code=False)
        if self._options.chat and not self._tokenizer.chat_template:
            raise WeightsMissing(
                f"{served.entry}: {self._options.source} has no chat template; say `chat: false`"
            )
        self._model = _load(self._options, place, weights.folder)
        identities = [weights.identity, *self._lay_adapters(served.entry)]
        compile_module(self._model, self._options)
        self._ends = _ends_of(self._model.generation_config, self._tokenizer)
        # The first answer in JSON makes it.
        self._grammars: Grammars | None = None
        self.version = model_version(self._options, place, identities)

    def write(self, asked: Asked) -> None:
        """Answer one request.

        Raises:
            InvalidRequest: the prompt is too long, there is no such adapter, or the answer's
                schema cannot be enforced.
            Cancelled: the caller is gone.
        """
        tokens = self._tokens(asked)
        grammar = self._grammar_of(asked)
        processors = LogitsProcessorList([] if grammar is None else [_Mask(grammar, len(tokens))])
        stream = _Stream(self._tokenizer, asked.reply)
        ids = torch.tensor([tokens], device=self._model.device)
        torch.manual_seed(asked.request.seed)
        with torch.inference_mode(), self._adapted(asked.values.get("adapter")):
            self._model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                streamer=stream,
                logits_processor=processors,
                pad_token_id=self._ends[0] if self._ends else 0,
                max_new_tokens=int(asked.values.get("max_tokens", _MAX_TOKENS)),
                **_sampling(asked.values),
            )
        is_whole = stream.last in self._ends if grammar is None else grammar.is_done
        reason = "stop" if is_whole else "length"
        asked.reply.done(reason, self.version)

    def _grammar_of(self, asked: Asked) -> Grammar | None:
        schema = asked.request.document("json_schema")
        if schema is None:
            return None
        if self._grammars is None:
            if not self._tokenizer.is_fast or not self._ends:
                raise InvalidRequest("this model's tokenizer cannot be held to a schema")
            self._grammars = Grammars(
                self._tokenizer.backend_tokenizer.to_str(),
                vocabulary=self._model.get_output_embeddings().weight.shape[0],
                ends=self._ends,
            )
        return self._grammars.of(schema)

    def _tokens(self, asked: Asked) -> list[int]:
        system = str(asked.values.get("system", self._options.system))
        schema = asked.request.document("json_schema")
        if schema is not None:
            system = f"{system}\n{told(schema)}".strip()
        if self._options.chat:
            return conversation_tokens(
                self._tokenizer,
                asked.request.prompt,
                system=system,
                template_options=self._options.template_options,
                longest=self._options.prompt_tokens,
            )
        begins = self._tokenizer("a")["input_ids"][:1]
        opening = [begins[0]] if begins == [self._tokenizer.bos_token_id] else []
        spoken = plain_tokens(self._tokenizer, asked.request.prompt)
        return within(opening + spoken, self._options.prompt_tokens)

    def _lay_adapters(self, entry: str) -> list[str]:
        """Load every adapter beside the weights, all of them off; return what they are."""
        identities = []
        for adapter in self._options.adapters:
            found = find_weights(adapter.source, adapter.revision, entry=entry)
            self._model.load_adapter(
                str(found.folder), adapter_name=adapter.name, use_safetensors=True
            )
            for module in self._model.modules():
                if isinstance(module, LoraLayer):
                    module.set_scale(adapter.name, adapter.weight)
            identities.append(found.identity)
        if identities:
            self._model.disable_adapters()
        return identities

    @contextmanager
    def _adapted(self, name: Value | None) -> Iterator[None]:
        """Have one adapter on while the request runs."""
        if name is None:
            yield
            return
        if name not in {adapter.name for adapter in self._options.adapters}:
            raise InvalidRequest(f"this model has no adapter {name}")
        self._model.set_adapter(name)
        self._model.enable_adapters()
        try:
            yield
        finally:
            self._model.disable_adapters()


class _Stream(BaseStreamer):  # type: ignore[misc]  # the library ships no types
    """Sends what the model says while it says it; stops it by raising when nobody listens."""

    def __init__(self, tokenizer: Any, reply: Reply) -> None:
        self._pieces = Pieces(tokenizer)
        self._reply = reply
        self._sent = -1
        self.last: int | None = None

    def put(self, value: torch.Tensor) -> None:
        if self._reply.is_cancelled:
            raise Cancelled
        if self._sent < 0:  # the library begins with the prompt
            self._sent = 0
            return
        ids = value.flatten().tolist()
        self.last = ids[-1]
        self._send(self._pieces.add(ids))

    def end(self) -> None:
        self._send(self._pieces.rest())

    def _send(self, text: str) -> None:
        if text:
            self._reply.send(TextPiece(self._sent, text))
            self._sent += 1


class _Mask(LogitsProcessor):  # type: ignore[misc]  # the library ships no types
    """Leaves the model only what the grammar allows next."""

    def __init__(self, grammar: Grammar, begins: int) -> None:
        self._grammar = grammar
        self._read = begins

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        for token in input_ids[0, self._read :].tolist():
            self._grammar.take(token)
        self._read = input_ids.shape[1]
        allowed = torch.from_numpy(self._grammar.allowed(scores.shape[-1])).to(scores.device)
        return scores.masked_fill(~allowed, -torch.inf)


def _load(options: TransformersText, place: Place, folder: Path) -> Any:
    quantised = options.quantisation.startswith("bitsandbytes")
    spread = options.device_map != "none"
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=place.dtype,
        variant=options.variant,
        device_map=options.device_map if spread else {"": place.device} if quantised else None,
        quantization_config=_bits(options, place) if quantised else None,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
    )
    if not (spread or quantised):
        model = model.to(place.device)
    if options.quantisation == "float8":
        store_in_float8(model, place)
    return model.eval()


def _bits(options: TransformersText, place: Place) -> BitsAndBytesConfig:
    if options.quantisation == "bitsandbytes-8bit":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=place.dtype
    )


def _sampling(values: Mapping[str, Value]) -> dict[str, Value | bool]:
    """The library's names of the request's values; what is not said is the model's own default."""
    names = ("temperature", "top_p", "top_k", "repetition_penalty")
    said: dict[str, Value | bool] = {name: values[name] for name in names if name in values}
    if "temperature" not in said:
        return said
    if float(said["temperature"]) > 0:
        return said | {"do_sample": True}
    kept = {name: value for name, value in said.items() if name == "repetition_penalty"}
    return kept | {"do_sample": False}


def _ends_of(config: Any, tokenizer: Any) -> list[int]:
    """The tokens that end a text."""
    ends = config.eos_token_id if config.eos_token_id is not None else tokenizer.eos_token_id
    if ends is None:
        return []
    return list(ends) if isinstance(ends, list | tuple) else [int(ends)]
