"""Where weights are: a folder, or the hub's cache. Nothing is downloaded unless it was allowed to.

`HF_HUB_OFFLINE=1`, which the stack sets, keeps every load off the network; `fetch` is then the way
to bring weights in. A token for gated models is `HF_TOKEN` in the environment and nowhere else.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from generation.core.backends.options import is_hub_id

PATTERNS = (
    *("*.json", "*.jinja", "*.txt", "*.model", "*.safetensors"),
    *("*/*.json", "*/*.txt", "*/*.model", "*/*.safetensors"),
)
"""What is fetched of a repository: weights as safetensors only, never pickles, never code."""

_WHOLE_BYTES = 64 << 20
_SAMPLE_BYTES = 1 << 20


class WeightsMissing(RuntimeError):
    """The weights are not where the entry says; the message says how to bring them there."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A folder of weights. `identity` changes when its content does."""

    folder: Path
    identity: str


def find_weights(
    source: str,
    revision: str | None,
    *,
    entry: str,
    download: Callable[[str, str | None], str] | None = None,
) -> Weights:
    """Find a source on this machine, or fetch it where the environment allows that.

    Args:
        source: An absolute path, a folder of the models directory, or a hub id.
        revision: Of a hub repository: a branch, tag or commit.
        entry: The catalogue entry's name, for the message.
        download: Brings a hub repository into the cache and returns its folder; all files of
            `PATTERNS` by default.

    Raises:
        WeightsMissing: they are not there; the message names them and how to fetch them.
    """
    local = Path(os.environ.get("TIDEGATE_MODELS_DIR", ".")) / source
    if local.is_dir():  # an absolute source replaces the directory
        return Weights(local, _identity(local))
    if Path(source).is_absolute() or not is_hub_id(source):
        raise WeightsMissing(f"{entry}: there is no folder {local}, and it is no hub id")
    try:
        if constants.HF_HUB_OFFLINE:
            found = snapshot_download(source, revision=revision, local_files_only=True)
        else:
            found = (download or _download)(source, revision)
    except GatedRepoError as exc:
        raise WeightsMissing(
            f"{entry}: {source} is gated: accept its terms on the hub, then set HF_TOKEN"
        ) from exc
    except (RepositoryNotFoundError, RevisionNotFoundError) as exc:
        named = f"{source} at revision {revision}" if revision else source
        raise WeightsMissing(f"{entry}: the hub has no {named} (or HF_TOKEN may not see it)") from (
            exc
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as exc:
        raise WeightsMissing(missing(entry, source, revision)) from exc
    return Weights(Path(found), _identity(Path(found)))


def missing(entry: str, source: str, revision: str | None) -> str:
    """Say that weights are not here, and the command that fetches them."""
    at = f" at revision {revision}" if revision else ""
    return (
        f"{entry}: the weights of {source}{at} are not on this machine (looked in "
        f"{constants.HF_HUB_CACHE}; HF_HUB_OFFLINE={int(constants.HF_HUB_OFFLINE)}). Fetch them "
        f"with: .venv-serving/bin/python -m generation.serving.tidegate_backends.fetch {entry}"
    )


def pipeline_download(variant: str | None) -> Callable[[str, str | None], str]:
    """Fetch of a diffusers repository only the files that its own index asks for."""

    def download(source: str, revision: str | None) -> str:
        from diffusers import DiffusionPipeline

        folder: str = DiffusionPipeline.download(
            source,
            revision=revision,
            variant=variant,
            use_safetensors=True,
            trust_remote_code=False,
        )
        return folder

    return download


def _download(source: str, revision: str | None) -> str:
    folder: str = snapshot_download(source, revision=revision, allow_patterns=list(PATTERNS))
    return folder


def _identity(folder: Path) -> str:
    """A hub snapshot's commit; of another folder, a hash over its files.

    Of a file above 64 MiB, its size and three samples of 1 MiB are hashed: reading tens of
    gigabytes would take minutes of every load.
    """
    if folder.parent.name == "snapshots":
        return folder.name
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = file.stat().st_size
        digest.update(f"{file.relative_to(folder).as_posix()} {size}\n".encode())
        with file.open("rb") as handle:
            for start, length in _samples(size):
                handle.seek(start)
                digest.update(handle.read(length))
    return digest.hexdigest()


def _samples(size: int) -> Sequence[tuple[int, int]]:
    if size <= _WHOLE_BYTES:
        return [(0, size)]
    return [(at, _SAMPLE_BYTES) for at in (0, size // 2, size - _SAMPLE_BYTES)]
