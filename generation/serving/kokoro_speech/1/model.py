"""Triton model: English and Chinese speech by Kokoro-82M (int8 ONNX), 24 kHz mono, as WAV."""

import atexit
import hashlib
import io
import json
import os
import sys
import wave
from pathlib import Path

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils

from generation.core.wire import (
    INVALID_PREFIX,
    Done,
    GenerateRequest,
    InvalidRequest,
    Media,
    Piece,
    Progress,
    decode_request,
    encode_event,
)

sys.path.insert(0, str(Path(__file__).parent))
# spaCy loads torch where it finds it: 2 s and 180 MB that its small tagger has no use for.
sys.modules.setdefault("torch", None)

from pronunciation import Pronunciation, Unreadable, chunks, is_chinese, normalise  # noqa: E402

_MAX_CHARACTERS = 600
_CHUNK_CHARACTERS = {"en": 180, "zh": 60}
_MAX_PHONEMES = 508
_RATE = 24_000
_PAUSE_SECONDS = 0.22
_SILENCE = 0.004
_MARGIN_SECONDS = 0.04
_STYLE_WIDTH = 256


class TritonPythonModel:
    """One worker: requests run one after the other, a chunk of sentences at a time."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the dictionaries, the voices' names and the network."""
        here = Path(__file__).parent
        config = json.loads(args["model_config"])
        settings = {key: item["string_value"] for key, item in config["parameters"].items()}
        self._folder = Path(os.environ["TIDEGATE_MODELS_DIR"]) / settings["weights"]
        self._version = _version_of(self._folder)
        self._ids: dict[str, int] = json.loads((here / "phonemes.json").read_text("utf-8"))
        voices = json.loads((here / "voices.json").read_text("utf-8"))
        self._default: dict[str, str] = voices["default"]
        self._voices = {voice["name"] for voice in voices["voices"]}
        self._styles: dict[str, np.ndarray] = {}
        self._pronunciation = Pronunciation()
        # Taking the dictionaries apart at the end would take seconds and change nothing.
        atexit.register(os._exit, 0)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(settings["threads"])
        # Waiting threads must sleep, not spin: the other models share the cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(self._folder / "kokoro-v1.0.int8.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def execute(self, requests: list) -> None:
        """Answer each request through its response sender."""
        for request in requests:
            sender = request.get_response_sender()
            try:
                self._answer(request, sender)
            except InvalidRequest as exc:
                _fail(sender, f"{INVALID_PREFIX}{exc}")
            except Exception as exc:  # noqa: BLE001  the stub would die and take the queue with it
                pb_utils.Logger.log_error(f"kokoro_speech: {exc!r}")
                _fail(sender, f"generation failed: {exc}")

    def _answer(self, request, sender) -> None:  # noqa: ANN001  Triton's own types
        data = pb_utils.get_input_tensor_by_name(request, "REQUEST").as_numpy().reshape(-1)[0]
        asked = decode_request(data, max_prompt_characters=_MAX_CHARACTERS)
        asked.require_only("voice", "speed")
        speed = asked.number("speed", minimum=0.5, maximum=2, default=1)
        try:
            text = normalise(asked.prompt)
        except Unreadable as exc:
            raise InvalidRequest(
                f"this model speaks English and Chinese and cannot read: {exc}"
            ) from exc
        voice = self._voice(asked, text)
        parts = [ids for ids in self._tokens(text, british=voice.startswith("b")) if ids]
        if not parts:
            raise InvalidRequest("prompt has no words that could be spoken")

        sounds: list[np.ndarray] = []
        for step, ids in enumerate(parts, start=1):
            if sender.is_cancelled():
                sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
                return
            sounds.append(_trim(self._speak(ids, self._style(voice, len(ids)), speed)))
            _send(sender, Progress(step, len(parts)))
        audio, duration_ms = _wav(sounds)
        _send(sender, Media("audio/wav", audio, duration_ms=duration_ms))
        _send(sender, Done("stop", self._version))
        sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)

    def _voice(self, asked: GenerateRequest, text: str) -> str:
        """The voice asked for, or the default one of the text's language."""
        voice = asked.text("voice", max_characters=40)
        if voice is None:
            return self._default["zh" if is_chinese(text) else "en"]
        if voice not in self._voices:
            raise InvalidRequest(f"unknown voice; the voices are {', '.join(sorted(self._voices))}")
        return voice

    def _tokens(self, text: str, *, british: bool) -> list[list[int]]:
        """Each chunk's phonemes as the network's numbers; sounds it does not know are left out."""
        longest = _CHUNK_CHARACTERS["zh" if is_chinese(text) else "en"]
        found = []
        for chunk in chunks(text, longest=longest):
            phonemes = self._pronunciation.phonemes(chunk, british=british)
            ids = [self._ids[sound] for sound in phonemes if sound in self._ids]
            is_spoken = any(sound.isalpha() for sound in phonemes)
            # A number of many digits may be longer than the network's window.
            windows = range(0, len(ids), _MAX_PHONEMES)
            found += [ids[i : i + _MAX_PHONEMES] for i in windows] if is_spoken else []
        return found

    def _style(self, voice: str, length: int) -> np.ndarray:
        """The voice's vector for an utterance of that many phonemes, shape (1, 256)."""
        if voice not in self._styles:
            table = np.fromfile(self._folder / "voices" / f"{voice}.bin", dtype="<f4")
            self._styles[voice] = table.reshape(-1, 1, _STYLE_WIDTH)
        styles = self._styles[voice]
        return styles[min(length, len(styles)) - 1]

    def _speak(self, ids: list[int], style: np.ndarray, speed: float) -> np.ndarray:
        """The samples of one chunk, float32 between -1 and 1."""
        inputs = {
            "tokens": np.array([[0, *ids, 0]], dtype=np.int64),
            "style": style.astype(np.float32),
            "speed": np.array([speed], dtype=np.float32),
        }
        (audio,) = self._session.run(["audio"], inputs)
        sound = np.asarray(audio, dtype=np.float32).ravel()
        if not np.isfinite(sound).all() or np.abs(sound).max(initial=0) < _SILENCE:
            message = "the network gave no sound"
            raise RuntimeError(message)
        return sound


def _trim(sound: np.ndarray) -> np.ndarray:
    """The sound without the silence around it, which varies with the chunk."""
    loud = np.flatnonzero(np.abs(sound) > _SILENCE)
    margin = int(_MARGIN_SECONDS * _RATE)
    return sound[max(0, loud[0] - margin) : loud[-1] + margin]


def _wav(sounds: list[np.ndarray]) -> tuple[bytes, int]:
    """The chunks with pauses between them as a 16 bit WAV file, and its length in ms."""
    pause = np.zeros(int(_PAUSE_SECONDS * _RATE), dtype=np.float32)
    joined = np.concatenate([part for sound in sounds for part in (sound, pause)])
    samples = (np.clip(joined, -1, 1) * 32_767).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(samples.tobytes())
    return out.getvalue(), round(1000 * len(samples) / _RATE)


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
