"""Guard models: the published classes and control tokens, random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.integration.serving.tiny.parts import WIDTH, byte_vocabulary

_SIZES = {
    "hidden_size": WIDTH,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 8_192,
    "initializer_range": 0.3,
}


def guard_llama(folder: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer(
        "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"
    )
    _save(LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **_SIZES)), tokenizer, folder)


def guard_gemma(folder: Path) -> None:
    from transformers import Gemma2Config, Gemma2ForCausalLM

    tokenizer = _tokenizer("<bos>", "<start_of_turn>", "<end_of_turn>")
    config = Gemma2Config(vocab_size=len(tokenizer), head_dim=8, sliding_window=64, **_SIZES)
    _save(Gemma2ForCausalLM(config), tokenizer, folder)


def guard_qwen(folder: Path) -> None:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    tokenizer = _tokenizer("<|im_start|>", "<|im_end|>", "<think>", "</think>")
    config = Qwen3Config(vocab_size=len(tokenizer), head_dim=8, **_SIZES)
    _save(Qwen3ForCausalLM(config), tokenizer, folder)


def _tokenizer(*specials: str) -> Any:
    from transformers import Qwen2Tokenizer

    return Qwen2Tokenizer(
        vocab=byte_vocabulary(*specials, "<|endoftext|>"),
        merges=[],
        eos_token="<|endoftext|>",
        additional_special_tokens=list(specials),
        model_max_length=8_192,
    )


def _save(model: Any, tokenizer: Any, folder: Path) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
