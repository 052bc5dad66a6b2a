"""Train the music model: a small GPT-2 over the words of tunes.

    OMP_WAIT_POLICY=passive OMP_NUM_THREADS=1 python -m generation.training.music.train --minutes 30

Saves every few minutes below the folder and goes on from there when started again; a longer
budget takes up the learning rate where it then stands. A folder without a checkpoint can take up
weights that were exported (`--weights`). The log has `seconds,tunes,loss`, a second one the loss on
the tunes kept aside.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel
from transformers import GPT2Config, GPT2LMHeadModel

from generation.core.music.vocabulary import IDS, TOKENS
from generation.serving.tidegate_music.composer import CONFIG, WEIGHTS
from generation.training.music.corpus import corpus_folder
from generation.training.music.examples import IGNORED, Batch, Example, batch, epoch, load
from generation.training.runs import Run, averaged, set_up

NAME: Final = "music"
_TUNES: Final = 8
_LEARNING_RATE: Final = 2e-3
_LOWEST_SHARE: Final = 0.02
_WARM_UP: Final = 100
_SAVE_SECONDS: Final = 120
_LOG_STEPS: Final = 25


def network() -> dict[str, Any]:
    """The arguments of `GPT2Config`: 1.9 million parameters, 3.8 MB in half precision."""
    return {
        "vocab_size": len(TOKENS),
        "n_positions": 512,
        "n_embd": 192,
        "n_layer": 4,
        "n_head": 6,
        "activation_function": "gelu_pytorch_tanh",
        # Few tunes seen many times: without dropout the weights begin to know them by heart.
        "resid_pdrop": 0.1,
        "embd_pdrop": 0.1,
        "attn_pdrop": 0.0,
        "bos_token_id": IDS["start"],
        "eos_token_id": IDS["end"],
    }


def loss_of(model: nn.Module, given: Batch) -> torch.Tensor:
    """The mean cross-entropy per token, in nats."""
    # Single precision: at this width bfloat16 was measured no faster, the casts cost what it saves.
    logits = model(input_ids=given.inputs).logits
    return cross_entropy(
        logits[:, :-1].flatten(0, 1), given.targets[:, 1:].flatten(), ignore_index=IGNORED
    )


def held_out_loss(model: nn.Module, examples: list[Example]) -> float:
    """The mean loss per token over the tunes kept aside."""
    model.eval()
    total = words = 0.0
    chosen = sorted((one.numbers for one in examples), key=len)
    with torch.no_grad():
        for start in range(0, len(chosen), _TUNES):
            given = batch(chosen[start : start + _TUNES])
            known = int((given.targets[:, 1:] != IGNORED).sum())
            total += loss_of(model, given).item() * known
            words += known
    return total / words


@dataclass(slots=True)
class Training:
    """A run under way: the network, its running average and the optimiser's memory."""

    run: Run
    model: GPT2LMHeadModel = field(init=False)
    average: AveragedModel = field(init=False)
    optimizer: torch.optim.Optimizer = field(init=False)
    epoch: int = 0
    # Steps taken before this optimiser knew anything.
    begun: int = 0

    def __post_init__(self) -> None:
        self.model = GPT2LMHeadModel(GPT2Config(**network()))
        self.average = averaged(self.model, decay=0.998)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=_LEARNING_RATE, weight_decay=0.05, fused=True
        )

    def resume(self) -> None:
        """Go on from the last checkpoint, if there is one."""
        state = self.run.load()
        if state is not None:
            self.model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.epoch = int(state["epoch"])
            self.begun = int(state["begun"])
        self.run.forget_unsaved_losses()

    def take_up(self, exported: Path) -> None:
        """Begin with exported weights, and with what they were trained by, if nothing is saved yet.

        What the optimiser knew of them is not exported: the learning rate warms up again.
        """
        if self.run.checkpoint.exists():
            return
        weights = {name: value.float() for name, value in load_file(exported / WEIGHTS).items()}
        for model in (self.model, self.average.module):
            # The output layer is the embedding, stored once.
            model.load_state_dict(weights, strict=False)
            model.tie_weights()
        trained = json.loads((exported / CONFIG).read_text("utf-8"))["trained"]
        self.run.samples, self.run.steps = trained["tunes"], trained["steps"]
        self.run.seconds = 60.0 * trained["minutes"]
        self.begun = self.run.steps

    def step(self, given: Batch) -> float:
        """Learn from one batch; return its loss."""
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate()
        loss = loss_of(self.model, given)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.average.update_parameters(self.model)
        self.run.tick(len(given.inputs))
        return float(loss.item())

    def save(self, held_out: list[Example]) -> None:
        """Write the checkpoint, and the average's loss on the tunes kept aside."""
        self.run.save(
            model=self.model.state_dict(),
            average=self.average.state_dict(),
            optimizer=self.optimizer.state_dict(),
            epoch=self.epoch,
            begun=self.begun,
        )
        loss = held_out_loss(self.average.module, held_out)
        line = f"{self.run.seconds:.0f},{self.run.samples},{loss:.5f}"
        with (self.run.folder / f"{NAME}-held-out.csv").open("a", encoding="utf-8") as log:
            log.write(line + "\n")
        print(f"held out after epoch {self.epoch}: {line}", flush=True)

    def _rate(self) -> float:
        """Up quickly, then down along a cosine over the budget."""
        warm = min(1.0, (self.run.steps - self.begun + 1) / _WARM_UP)
        cosine = 0.5 * (1 + math.cos(math.pi * self.run.progress))
        return _LEARNING_RATE * warm * max(_LOWEST_SHARE, cosine)


def train(folder: Path, *, minutes: float, tunes: Path, exported: Path | None = None) -> None:
    """Train until the budget is used, from the last checkpoint if there is one, else `exported`."""
    set_up(threads=1, seed=1)
    training, held_out = load(tunes)
    under_way = Training(Run(folder, NAME, minutes * 60))
    if exported is not None:
        under_way.take_up(exported)
    under_way.resume()
    run = under_way.run
    saved, recent = run.seconds, []
    for number in count(under_way.epoch):
        under_way.epoch = number
        for given in epoch(training, tunes=_TUNES, seed=number):
            recent.append(under_way.step(given))
            if run.steps % _LOG_STEPS == 0:
                run.log(sum(recent) / len(recent))
                recent.clear()
            is_over = run.progress >= 1
            if is_over or run.seconds - saved >= _SAVE_SECONDS:
                under_way.save(held_out)
                saved = run.seconds
            if is_over:
                return


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/training/music"))
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--corpus", type=Path, default=None, help="music21's corpus folder")
    parser.add_argument("--weights", type=Path, default=None, help="exported ones to begin with")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    tunes = arguments.corpus or corpus_folder()
    train(arguments.folder, minutes=arguments.minutes, tunes=tunes, exported=arguments.weights)


if __name__ == "__main__":
    main()
