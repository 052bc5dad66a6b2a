"""Language models, music and speech."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.serving.tiny.parts import (
    WIDTH,
    chat_tokenizer,
    save_adapter,
    t5_sizes,
    t5_tokenizer,
)


def llama(folder: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = chat_tokenizer()
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            eos_token_id=tokenizer.eos_token_id,
            initializer_range=0.3,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    save_adapter(model, folder.parent / f"{folder.name}-lora")


def musicgen(folder: Path) -> None:
    from transformers import (
        EncodecConfig,
        EncodecFeatureExtractor,
        MusicgenConfig,
        MusicgenDecoderConfig,
        MusicgenForConditionalGeneration,
        T5Config,
    )

    config = MusicgenConfig(
        text_encoder=T5Config(**t5_sizes()).to_dict(),
        audio_encoder=EncodecConfig(
            sampling_rate=16_000,
            num_filters=4,
            hidden_size=16,
            codebook_size=32,
            codebook_dim=16,
            upsampling_ratios=[8, 8, 5],
            num_lstm_layers=1,
            target_bandwidths=[1.0],
        ).to_dict(),
        decoder=MusicgenDecoderConfig(
            vocab_size=32,
            hidden_size=WIDTH,
            ffn_dim=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_codebooks=4,
            pad_token_id=32,
            bos_token_id=32,
        ).to_dict(),
    )
    model = MusicgenForConditionalGeneration(config)
    for layer in model.audio_encoder.quantizer.layers:  # empty before training: all codes alike
        layer.codebook.embed.normal_()
    model.generation_config.decoder_start_token_id = 32
    model.generation_config.pad_token_id = 32
    model.generation_config.guidance_scale = 3.0
    model.generation_config.do_sample = True
    model.save_pretrained(folder)
    t5_tokenizer().save_pretrained(folder)
    EncodecFeatureExtractor(sampling_rate=16_000).save_pretrained(folder)


def vits(folder: Path) -> None:
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    words = ["<pad>", *" abcdefghijklmnopqrstuvwxyz'-.,", "<unk>"]
    model = VitsModel(
        VitsConfig(
            vocab_size=len(words),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            ffn_dim=32,
            flow_size=16,
            spectrogram_bins=17,
            upsample_rates=[8, 8],
            upsample_initial_channel=32,
            upsample_kernel_sizes=[16, 16],
            resblock_kernel_sizes=[3],
            resblock_dilation_sizes=[[1, 3]],
            prior_encoder_num_flows=2,
            posterior_encoder_num_wavenet_layers=2,
            prior_encoder_num_wavenet_layers=2,
            duration_predictor_num_flows=2,
            duration_predictor_filter_channels=32,
            num_speakers=3,
            speaker_embedding_size=8,
        )
    )
    model.save_pretrained(folder)
    vocabulary = folder / "letters.json"
    vocabulary.write_text(json.dumps({word: number for number, word in enumerate(words)}))
    VitsTokenizer(str(vocabulary), phonemize=False, language="eng").save_pretrained(folder)
    vocabulary.unlink()
