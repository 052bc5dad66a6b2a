"""From a catalogue entry to the files of a Triton model folder, and those files on disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from generation.core.backends.options import Options, OptionsRefused, read_options
from generation.core.backends.served import SERVED_FILE, Accepted, Served, encode_served
from generation.core.catalogue.model import Model
from generation.core.wire import INPUT_TENSORS

_PACKAGE = "generation.serving.tidegate_backends"
_MODEL = '''"""Triton model: {entry}, by the back-end {backend}; see {served} beside this file."""

from {package}.{backend} import TritonPythonModel

__all__ = ["TritonPythonModel"]
'''
_TENSOR = '{{ name: "{name}" data_type: TYPE_STRING dims: [ 1 ]{more} }}'


def write_model_folder(model: Model, repository: Path) -> Path:
    """Write an entry's folder into a model repository and return it; the same entry, no change.

    Each file is replaced in one step, so a server that reads it meanwhile never sees half of it.

    Raises:
        OptionsRefused: as `render_model_folder`.
    """
    folder = repository / model.triton_model
    for name, text in render_model_folder(model).items():
        file = folder / name
        if file.is_file() and file.read_text("utf-8") == text:
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, half = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(half).chmod(0o644)
        Path(half).replace(file)
    return folder


def render_model_folder(model: Model) -> Mapping[str, str]:
    """Return the folder's files: texts by their path below a folder named `model.triton_model`.

    Raises:
        OptionsRefused: the entry has no back-end, its options are none of that back-end's, or it
            has a parameter or a modality that means nothing to it.
    """
    if model.backend is None:
        raise OptionsRefused(f"{model.name} names no back-end: its model folder is written by hand")
    options = read_options(model.backend, model.options)
    _refuse_strangers(model, options)
    served = Served(
        entry=model.name,
        backend=model.backend,
        modality=model.modality,
        prompt_characters=model.limits.prompt_characters,
        parameters=tuple(
            Accepted(
                name=parameter.name,
                type=parameter.type,
                minimum=parameter.minimum,
                maximum=parameter.maximum,
                default=parameter.default,
                choices=parameter.choices,
            )
            for parameter in model.parameters
        ),
        options=options,
    )
    entry = {"entry": model.name, "backend": model.backend, "served": SERVED_FILE}
    return MappingProxyType(
        {
            "config.pbtxt": _config(model.triton_model, options),
            "1/model.py": _MODEL.format(**entry, package=_PACKAGE),
            f"1/{SERVED_FILE}": encode_served(served),
        }
    )


def _refuse_strangers(model: Model, options: Options) -> None:
    """Everything an entry promises must mean something to its back-end."""
    if model.modality not in options.modalities:
        made = " or ".join(sorted(options.modalities))
        raise OptionsRefused(f"{model.name}: {model.backend} makes {made}, not {model.modality}")
    names = {parameter.name for parameter in model.parameters}
    if unknown := sorted(names - options.parameters):
        raise OptionsRefused(
            f"{model.name}: {model.backend} has no parameter {', '.join(unknown)}; "
            f"it has {', '.join(sorted(options.parameters))}"
        )


def _config(name: str, options: Options) -> str:
    """Triton's configuration. The model chooses its device itself, so to Triton it is a CPU's."""
    inputs = [_TENSOR.format(name="REQUEST", more="")]
    if options.takes_pictures:
        inputs += [
            _TENSOR.format(name=tensor, more=" optional: true") for tensor in INPUT_TENSORS.values()
        ]
    outputs = [_TENSOR.format(name=tensor, more="") for tensor in ("EVENT", "PAYLOAD")]
    is_batched = options.batch > 1
    lines = [
        f'name: "{name}"',
        'backend: "python"',
        f"max_batch_size: {options.batch if is_batched else 0}",
        "model_transaction_policy { decoupled: true }",
        "input [\n  " + ",\n  ".join(inputs) + "\n]",
        "output [\n  " + ",\n  ".join(outputs) + "\n]",
        f"instance_group [ {{ count: {options.instances} kind: KIND_CPU }} ]",
    ]
    if is_batched:
        delay = options.queue_delay_ms * 1000
        lines.append(f"dynamic_batching {{ max_queue_delay_microseconds: {delay} }}")
    return "\n".join(lines) + "\n"
