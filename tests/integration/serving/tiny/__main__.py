"""Build the named pipelines into a folder."""

import sys
from collections.abc import Callable
from pathlib import Path

import torch

from tests.integration.serving.tiny.guards import guard_gemma, guard_llama, guard_qwen
from tests.integration.serving.tiny.pictures import checked, flux, qwen_image, sdxl
from tests.integration.serving.tiny.videos import ltx, wan
from tests.integration.serving.tiny.words_and_sounds import llama, musicgen, vits

MODELS: dict[str, Callable[[Path], None]] = {
    "sdxl": sdxl,
    "checked": checked,
    "flux": flux,
    "qwen-image": qwen_image,
    "ltx": ltx,
    "wan": wan,
    "musicgen": musicgen,
    "vits": vits,
    "llama": llama,
    "guard-llama": guard_llama,
    "guard-gemma": guard_gemma,
    "guard-qwen": guard_qwen,
}

if __name__ == "__main__":
    for name in sys.argv[2:]:
        torch.manual_seed(1)
        MODELS[name](Path(sys.argv[1]) / name)
