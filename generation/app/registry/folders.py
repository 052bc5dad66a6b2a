"""Model folders of entries that name a back-end, in the repository that the server reads."""

from pathlib import Path

from django.conf import settings

from generation.app.registry.servers import triton_models
from generation.core.backends.folders import write_model_folder


def repository() -> Path:
    """Return the folder that the model server reads entries' models from."""
    return Path(settings.TIDEGATE_VAR_DIR) / "triton" / "catalogue"


def write_folder(triton_model: str) -> None:
    """Write a model's folder as its entry says now; a model that is shipped as a folder has none.

    Where several entries run on one Triton model, the first by name decides: another set of
    options needs another `triton_model`.
    """
    for model in triton_models().get(triton_model, ()):
        if model.backend is not None:
            write_model_folder(model, repository())
            return


def write_folders() -> list[Path]:
    """Write the folder of every entry that names a back-end, and return them."""
    written = {}
    for triton_model, models in triton_models().items():
        for model in models:
            if model.backend is not None and triton_model not in written:
                written[triton_model] = write_model_folder(model, repository())
    return sorted(written.values())
