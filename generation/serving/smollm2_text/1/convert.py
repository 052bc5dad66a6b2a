"""Turn the published GGUF file into what the text generator loads, once, at installation.

Run as `convert.py SOURCE-DIR TARGET-DIR`. It writes a Hugging Face folder (bfloat16, so any tool
of that family can load it) and, beside it in `ct2/`, the same weights in eight bits for
CTranslate2, which is what the generator runs on a CPU.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import ctranslate2
import gguf
import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

_LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_CONTROL_TOKEN = 3


def main(source: Path, target: Path) -> None:
    """Convert the one GGUF file of `source` into the folder `target`."""
    (file,) = source.glob("*.gguf")
    reader = gguf.GGUFReader(file)
    metadata = {name: field.contents() for name, field in reader.fields.items()}
    config = _config(metadata)
    save_file(_weights(reader, config), target / "model.safetensors", {"format": "pt"})
    (target / "config.json").write_text(json.dumps(config, indent=1), "utf-8")
    _tokenizer(metadata).save(str(target / "tokenizer.json"))
    tokens = metadata["tokenizer.ggml.tokens"]
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "chat_template": metadata["tokenizer.chat_template"],
        "bos_token": tokens[metadata["tokenizer.ggml.bos_token_id"]],
        "eos_token": tokens[metadata["tokenizer.ggml.eos_token_id"]],
        "unk_token": tokens[metadata["tokenizer.ggml.unknown_token_id"]],
        "model_max_length": metadata["llama.context_length"],
    }
    (target / "tokenizer_config.json").write_text(json.dumps(settings, indent=1), "utf-8")
    converter = ctranslate2.converters.TransformersConverter(str(target))
    converter.convert(str(target / "ct2"), quantization="int8_float32")


def _config(metadata: dict[str, Any]) -> dict[str, Any]:
    """The Hugging Face configuration that the GGUF metadata describes."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": metadata["llama.vocab_size"],
        "hidden_size": metadata["llama.embedding_length"],
        "intermediate_size": metadata["llama.feed_forward_length"],
        "num_hidden_layers": metadata["llama.block_count"],
        "num_attention_heads": metadata["llama.attention.head_count"],
        "num_key_value_heads": metadata["llama.attention.head_count_kv"],
        "max_position_embeddings": metadata["llama.context_length"],
        "rms_norm_eps": round(metadata["llama.attention.layer_norm_rms_epsilon"], 9),
        "rope_theta": metadata["llama.rope.freq_base"],
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "bos_token_id": metadata["tokenizer.ggml.bos_token_id"],
        "eos_token_id": metadata["tokenizer.ggml.eos_token_id"],
        "dtype": "bfloat16",
    }


def _weights(reader: gguf.GGUFReader, config: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Every tensor in bfloat16 under its Hugging Face name."""
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    weights = {}
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        stem = tensor.name.removesuffix(".weight")
        if stem == "token_embd":
            name = "model.embed_tokens"
        elif stem == "output_norm":
            name = "model.norm"
        else:
            _, layer, part = stem.split(".")
            name = f"model.layers.{layer}.{_LAYER_NAMES[part]}"
            if part in heads:
                values = _unpermute(values, heads[part])
        weights[f"{name}.weight"] = torch.from_numpy(values.copy()).to(torch.bfloat16)
    return weights


def _unpermute(values: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Undo GGUF's interleaving of the rotary halves of each head's rows."""
    rows, columns = values.shape
    halves = values.reshape(heads, rows // heads // 2, 2, columns)
    return halves.swapaxes(1, 2).reshape(rows, columns)


def _tokenizer(metadata: dict[str, Any]) -> Tokenizer:
    """The byte-level tokenizer: single digits, as SmolLM2 was trained with."""
    tokens = metadata["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in metadata["tokenizer.ggml.merges"]]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    kinds = metadata["tokenizer.ggml.token_type"]
    control = [t for t, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL_TOKEN]
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in control])
    return tokenizer


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
