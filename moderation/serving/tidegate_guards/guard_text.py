"""The back-end of guard entries: a text goes in, the probability of each hazard comes out."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
import triton_python_backend_utils as pb_utils
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

from moderation.core.guards import FAMILIES
from moderation.core.guards.asking import Answered, Question, Turn
from moderation.core.guards.entries import ENTRY_FILE, GuardEntry, entry_of
from moderation.core.wire import Finding, Unreadable, answer, text_of
from moderation.serving.tidegate_guards.odds import Odds

_LARGEST_TEXT = 200_000
_DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
_BITS = {"bitsandbytes-8bit": "load_in_8bit", "bitsandbytes-4bit": "load_in_4bit"}


class TritonPythonModel:
    """Judges all texts of a batch in one pass; one that it cannot read is an error of its own."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the guard that the entry beside this model names."""
        folder = Path(args["model_repository"], args["model_version"])
        entry = entry_of(json.loads((folder / ENTRY_FILE).read_text("utf-8")))
        torch.set_num_threads(entry.threads)
        self._entry = entry
        self._family = FAMILIES[entry.family]
        where, identity = _found(entry)
        tokenizer = AutoTokenizer.from_pretrained(
            where, revision=entry.revision, trust_remote_code=False
        )
        self._odds = Odds(
            model=_load(entry, where),
            tokenizer=tokenizer,
            longest_tokens=entry.longest_tokens,
            least_mass=entry.least_mass,
            detail_from=entry.detail_from,
        )
        decides = [entry.model_dump(mode="json", exclude={"source", "queue_delay_ms"}), identity]
        digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
        self._version = f"{entry.name}@{digest[:12]}"

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer each request."""
        batches = [
            pb_utils.get_input_tensor_by_name(request, "CONTENT").as_numpy().reshape(-1).tolist()
            for request in requests
        ]
        judged = self._judge([content for batch in batches for content in batch])
        responses = []
        for batch in batches:
            results = answer(
                batch,
                judge=lambda _: _finding(judged.pop(0)),
                version=self._version,
                on_failure=pb_utils.Logger.log_error,
            )
            output = np.array(results, dtype=np.object_).reshape(-1, 1)
            responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("RESULT", output)]))
        return responses

    def _judge(self, contents: list[bytes]) -> list[Finding | Exception]:
        """Return a finding, or why there is none, for each text."""
        found: list[Finding | Exception] = []
        asked: list[tuple[int, tuple[Question, ...]]] = []
        questions: list[Question] = []
        prompts: list[list[int]] = []
        for number, content in enumerate(contents):
            found.append(Unreadable("not asked"))
            try:
                text = text_of(content, largest=_LARGEST_TEXT)
                own = self._family.questions([Turn(self._entry.role, text)])
                rendered = [self._odds.prompt(question) for question in own]
            except Unreadable as error:
                found[number] = error
                continue
            asked.append((number, own))
            questions += own
            prompts += rendered
        try:
            answers = iter(self._odds.answers(questions, prompts))
        except Exception as error:  # noqa: BLE001  out of memory and the like: nobody is judged
            for number, _ in asked:
                found[number] = error
            return found
        for number, own in asked:
            found[number] = self._scored([next(answers) for _ in own])
        return found

    def _scored(self, answers: list[Answered | Unreadable]) -> Finding | Exception:
        given = [one for one in answers if isinstance(one, Answered)]
        if len(given) != len(answers):
            return next(one for one in answers if isinstance(one, Unreadable))
        words = {
            answer.strip(): round(odds, 5) for one in given for answer, odds in one.answers.items()
        }
        return Finding(
            scores=self._family.scores(given),
            detail={
                "family": self._entry.family,
                **({"answers": words} if len(given) == 1 else {}),
            },
        )


def _finding(judged: Finding | Exception) -> Finding:
    if isinstance(judged, Exception):
        raise judged
    return judged


def _found(entry: GuardEntry) -> tuple[str, str]:
    """Return where the weights are, and what changes when they do."""
    local = Path(os.environ.get("TIDEGATE_MODELS_DIR", "."), entry.source)
    if not local.is_dir():
        if Path(entry.source).is_absolute() or entry.source.count("/") != 1:
            raise FileNotFoundError(
                f"{entry.name}: there is no folder {local}, and it is no hub id"
            )
        return entry.source, f"{entry.source}@{entry.revision or 'main'}"
    digest = hashlib.sha256()
    for file in sorted(local.glob("*.safetensors")):
        digest.update(file.name.encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return str(local), digest.hexdigest()


def _load(entry: GuardEntry, where: str) -> Any:
    """Load the weights as the entry says.

    Raises:
        RuntimeError: it asks for a GPU, and there is none.
    """
    has_gpu = torch.cuda.is_available()
    device = entry.device if entry.device != "auto" else "cuda" if has_gpu else "cpu"
    needs_gpu = device != "cpu" or entry.device_map != "none" or entry.quantisation != "none"
    if needs_gpu and not has_gpu:
        raise RuntimeError(f"{entry.name}: the entry asks for a GPU, and torch finds none")
    options: dict[str, Any] = {
        "dtype": _DTYPES.get(entry.dtype, torch.bfloat16 if has_gpu else torch.float32),
        "revision": entry.revision,
        "use_safetensors": True,
        "trust_remote_code": False,
    }
    if entry.quantisation != "none":
        options["quantization_config"] = BitsAndBytesConfig(**{_BITS[entry.quantisation]: True})
    if entry.device_map != "none" or entry.quantisation != "none":
        options["device_map"] = entry.device_map if entry.device_map != "none" else {"": device}
        return AutoModelForCausalLM.from_pretrained(where, **options).eval()
    return AutoModelForCausalLM.from_pretrained(where, **options).to(device).eval()
