"""Triton model: text by SmolLM2-135M-Instruct in eight bits, streamed token by token.

With `json_schema`, the text is JSON of that schema, and `length` at the end says that it was cut.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import ctranslate2
import numpy as np
import triton_python_backend_utils as pb_utils
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from generation.core.structured.telling import told, turns
from generation.core.wire import (
    INVALID_PREFIX,
    Done,
    GenerateRequest,
    InvalidRequest,
    Piece,
    TextPiece,
    decode_request,
    encode_event,
)
from generation.serving.tidegate_json.grammar import Grammar, Grammars
from generation.serving.tidegate_json.steering import Sampling, write_within

_MAX_PROMPT_CHARACTERS = 8_000
_MAX_PROMPT_TOKENS = 2_048
_SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
# glibc would learn from the first freed weights to keep later ones of up to 32 MB for itself:
# engines that one thread loads and another frees grew to 3 GB. With a threshold that stands, what
# is larger goes back to the system; below it lie the buffers of every token.
_M_MMAP_THRESHOLD = -3
_GIVEN_BACK_BYTES = 768 << 10
_ENDS = ("<|im_end|>", "<|endoftext|>")


class TritonPythonModel:
    """One worker: requests run one after the other, each token is sent as soon as it is known."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the tokenizer and the weights."""
        config = json.loads(args["model_config"])
        settings = {key: item["string_value"] for key, item in config["parameters"].items()}
        self._folder = Path(os.environ["TIDEGATE_MODELS_DIR"]) / settings["weights"]
        self._threads = int(settings["threads"])
        self._version = _version_of(self._folder)
        self._tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        # What people write is text: "<|im_end|>" in a prompt is no control token and ends nothing.
        self._plain = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        self._plain.encode_special_tokens = True
        # The first answer in JSON makes it: it costs a second that plain text need not wait for.
        self._grammars: Grammars | None = None
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _GIVEN_BACK_BYTES)
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="next-generator")
        self._next: Future[ctranslate2.Generator] = self._loader.submit(self._load)
        self._generator: ctranslate2.Generator | None = self._next.result()
        self._next = self._loader.submit(self._load)

    def execute(self, requests: list) -> None:
        """Answer each request through its response sender."""
        for request in requests:
            sender = request.get_response_sender()
            try:
                self._answer(request, sender)
            except InvalidRequest as exc:
                _fail(sender, f"{INVALID_PREFIX}{exc}")
            except Exception as exc:  # noqa: BLE001  the stub would die and take the queue with it
                pb_utils.Logger.log_error(f"smollm2_text: {exc!r}")
                _fail(sender, f"generation failed: {exc}")

    def finalize(self) -> None:
        """Join the engine's threads before the interpreter goes."""
        self._loader.shutdown()
        del self._next
        self._generator = None

    def _answer(self, request, sender) -> None:  # noqa: ANN001  Triton's own types
        data = pb_utils.get_input_tensor_by_name(request, "REQUEST").as_numpy().reshape(-1)[0]
        asked = decode_request(data, max_prompt_characters=_MAX_PROMPT_CHARACTERS)
        asked.require_only(
            *("max_tokens", "temperature", "top_p", "repetition_penalty", "system", "json_schema")
        )
        max_tokens = asked.integer("max_tokens", minimum=1, maximum=512, default=120)
        sampling = Sampling(
            temperature=asked.number("temperature", minimum=0, maximum=2, default=0.7),
            top_p=asked.number("top_p", minimum=0.05, maximum=1, default=0.9),
            repetition_penalty=asked.number(
                "repetition_penalty", minimum=1, maximum=2, default=1.1
            ),
            seed=asked.seed,
        )
        schema = asked.document("json_schema")
        prompt = self._tokens(asked, schema)
        speaker = _Speaker(sender, self._tokenizer)
        is_random = sampling.temperature > 0
        if is_random:
            ctranslate2.set_random_seed(_seed32(asked.seed))
        try:
            if schema is None:
                count = self._write(prompt, sampling, max_tokens, speaker)
                is_whole = count < max_tokens
            else:
                grammar = self._grammar_of(schema)
                write_within(
                    grammar,
                    generator=self._generator,
                    prompt=prompt,
                    name_of=self._tokenizer.id_to_token,
                    sampling=sampling,
                    max_tokens=max_tokens,
                    ends=_ENDS,
                    tell=speaker.tell,
                )
                is_whole = grammar.is_done
            if not sender.is_cancelled():
                _send(sender, Done("stop" if is_whole else "length", self._version))
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        finally:
            if is_random:
                # The engine seeds a thread's random numbers once, at its first use, and offers no
                # way to seed them again: only a new worker repeats a seed's text. One is always
                # ready, so that who asks next does not wait the 0.2 s for it.
                self._generator = None  # first give back the old one's memory
                self._generator = self._next.result()
                self._next = self._loader.submit(self._load)

    def _write(
        self, prompt: list[str], sampling: Sampling, max_tokens: int, speaker: _Speaker
    ) -> int:
        """Write freely, and return how many tokens it came to."""
        is_random = sampling.temperature > 0
        failures: list[Exception] = []

        def on_token(step) -> bool:  # noqa: ANN001
            # Runs on the engine's thread, where an exception would end the process.
            try:
                return speaker.tell(step.token_id)
            except Exception as exc:  # noqa: BLE001
                failures.append(exc)
                return True

        (result,) = self._generator.generate_batch(
            [prompt],
            max_length=max_tokens,
            include_prompt_in_result=False,
            sampling_topk=0 if is_random else 1,
            sampling_topp=sampling.top_p if is_random else 1,
            sampling_temperature=sampling.temperature if is_random else 1,
            repetition_penalty=sampling.repetition_penalty,
            end_token=list(_ENDS),
            callback=on_token,
        )
        if failures:
            raise failures[0]
        return len(result.sequences_ids[0])

    def _grammar_of(self, schema: dict[str, object]) -> Grammar:
        if self._grammars is None:
            ends = [self._tokenizer.token_to_id(name) for name in _ENDS]
            self._grammars = Grammars(
                (self._folder / "tokenizer.json").read_text("utf-8"),
                vocabulary=self._tokenizer.get_vocab_size(),
                ends=ends,
            )
        return self._grammars.of(schema)

    def _load(self) -> ctranslate2.Generator:
        return ctranslate2.Generator(
            str(self._folder / "ct2"),
            device="cpu",
            compute_type="int8_float32",
            inter_threads=1,
            intra_threads=self._threads,
        )

    def _tokens(self, asked: GenerateRequest, schema: dict[str, object] | None) -> list[str]:
        """The conversation in the model's own format, as tokens."""
        system = asked.text("system", max_characters=2_000) or _SYSTEM
        said = [("system", system)]
        if schema is not None:
            # Examples show the fields better than a list of them tells.
            earlier = turns(schema)
            said = [("system", system if earlier else f"{system}\n{told(schema)}")]
            for question, answer in earlier:
                said += [("user", question), ("assistant", answer)]
        tokens: list[str] = []
        for role, content in (*said, ("user", asked.prompt)):
            spoken = self._plain.encode(f"{role}\n{content}", add_special_tokens=False).tokens
            line_end = self._plain.encode("\n", add_special_tokens=False).tokens
            tokens += ["<|im_start|>", *spoken, "<|im_end|>", *line_end]
        opening = self._plain.encode("assistant\n", add_special_tokens=False).tokens
        tokens += ["<|im_start|>", *opening]
        if len(tokens) > _MAX_PROMPT_TOKENS:
            raise InvalidRequest(
                f"prompt has {len(tokens)} tokens; this model reads {_MAX_PROMPT_TOKENS}"
            )
        return tokens


class _Speaker:
    """Sends what is written while it is written."""

    def __init__(self, sender, tokenizer: Tokenizer) -> None:  # noqa: ANN001
        self._sender = sender
        self._tokenizer = tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)
        self._sent = 0

    def tell(self, token: int) -> bool:
        """Send the text that a token completes; return whether nobody waits for more."""
        if self._sender.is_cancelled():
            return True
        text = self._stream.step(self._tokenizer, token)
        if text:
            _send(self._sender, TextPiece(self._sent, text))
            self._sent += 1
        return False


def _seed32(seed: int) -> int:
    """The engine takes 32 bits; larger seeds are spread over them instead of cut off."""
    if seed < 2**32:
        return seed
    return int.from_bytes(hashlib.sha256(str(seed).encode()).digest()[:4], "big")


def _version_of(folder: Path) -> str:
    """A hash over the hashes of the installed files (written when they were verified)."""
    files = json.loads((folder / ".weights.json").read_text("utf-8"))["files"]
    lines = "".join(f"{path} {files[path]['sha256']}\n" for path in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()[:12]


def _send(sender, piece: Piece) -> None:  # noqa: ANN001
    event, payload = encode_event(piece)
    tensors = [
        pb_utils.Tensor("EVENT", np.array([event], dtype=np.object_)),
        pb_utils.Tensor("PAYLOAD", np.array([payload], dtype=np.object_)),
    ]
    sender.send(pb_utils.InferenceResponse(output_tensors=tensors))


def _fail(sender, message: str) -> None:  # noqa: ANN001
    sender.send(
        pb_utils.InferenceResponse(output_tensors=[], error=pb_utils.TritonError(message)),
        flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL,
    )
