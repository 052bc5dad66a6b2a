"""Tokenizers, text encoders and adapters that the tiny pipelines share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tokenizers.pre_tokenizers import ByteLevel

CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WIDTH = 32


def byte_vocabulary(*more: str) -> dict[str, int]:
    return {token: number for number, token in enumerate([*sorted(ByteLevel.alphabet()), *more])}


def clip_tokenizer() -> Any:
    from transformers import CLIPTokenizer

    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *[f"{letter}</w>" for letter in letters], "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)


def clip_config(**more: Any) -> Any:
    from transformers import CLIPTextConfig

    sizes = {"hidden_size": WIDTH, "intermediate_size": 37, "projection_dim": WIDTH}
    ids = {"bos_token_id": 512, "eos_token_id": 513, "pad_token_id": 513, "vocab_size": 1000}
    return CLIPTextConfig(
        **sizes, **ids, num_attention_heads=4, num_hidden_layers=2, hidden_act="gelu", **more
    )


def t5_tokenizer() -> Any:
    from transformers import T5Tokenizer

    letters = [(letter, -3.0) for letter in "▁abcdefghijklmnopqrstuvwxyz0123456789.,!?"]
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), *letters]
    return T5Tokenizer(vocab=vocabulary, extra_ids=0)


def t5_sizes() -> dict[str, int]:
    sizes = {"d_model": WIDTH, "d_kv": 8, "d_ff": 37, "num_layers": 2, "num_heads": 4}
    return sizes | {"vocab_size": 64, "relative_attention_num_buckets": 8}


def t5_encoder() -> Any:
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(T5Config(**t5_sizes()))


def chat_tokenizer() -> Any:
    from transformers import Qwen2Tokenizer

    specials = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]
    return Qwen2Tokenizer(
        vocab=byte_vocabulary(*specials),
        merges=[],
        eos_token="<|im_end|>",
        additional_special_tokens=specials[:2],
        chat_template=CHAT,
        model_max_length=512,
    )


def save_adapter(model: Any, folder: Path) -> None:
    from peft import LoraConfig, get_peft_model

    adapted = get_peft_model(
        model, LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    )
    adapted.save_pretrained(folder)


def save_lora(network: Any, targets: list[str], folder: Path, part: str, pipeline: Any) -> None:
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    network.add_adapter(LoraConfig(r=4, target_modules=targets, init_lora_weights=False))
    layers = {f"{part}_lora_layers": get_peft_model_state_dict(network)}
    pipeline.save_lora_weights(folder, **layers)
