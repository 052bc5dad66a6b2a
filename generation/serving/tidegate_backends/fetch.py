"""Bring an entry's weights and adapters from the hub into this machine's cache.

`.venv-serving/bin/python -m generation.serving.tidegate_backends.fetch NAME…`, NAME being the
entry's. Its model folder must have been written (`manage.py model_folders`). A gated repository
needs HF_TOKEN; HF_HOME says where the cache is, and must be the same for the server.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

# Before the hub's library reads it: to fetch is what this program is for.
os.environ["HF_HUB_OFFLINE"] = "0"

from generation.core.backends.options import (
    DiffusersImage,
    DiffusersVideo,
    Weights,
    is_hub_id,
)
from generation.core.backends.served import SERVED_FILE, Served, decode_served
from generation.serving.tidegate_backends.sources import (
    WeightsMissing,
    find_weights,
    pipeline_download,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch what the named entries load; 1 when something cannot be had."""
    var = Path(os.environ.get("TIDEGATE_VAR_DIR", "var"))
    parser = argparse.ArgumentParser(prog="fetch", description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME", help="a catalogue entry")
    parser.add_argument(
        "--repository",
        type=Path,
        default=var / "triton" / "catalogue",
        help="where the model folders are",
    )
    options = parser.parse_args(arguments)
    written = _written(options.repository)
    for name in options.names:
        if name not in written:
            known = ", ".join(sorted(written)) or "none"
            _say(f"fetch: {options.repository} has no entry {name}; it has {known}")
            return 1
        try:
            _fetch(written[name])
        except WeightsMissing as exc:
            _say(f"fetch: {exc}")
            return 1
    return 0


def _fetch(served: Served) -> None:
    options = served.options
    if not isinstance(options, Weights):
        _say(f"{served.entry}: {served.backend} has no weights here")
        return
    pipeline = None
    if isinstance(options, DiffusersImage | DiffusersVideo):
        pipeline = pipeline_download(options.variant)
    wanted = [(options.source, options.revision, pipeline)]
    wanted += [(adapter.source, adapter.revision, None) for adapter in options.adapters]
    for source, revision, download in wanted:
        found = find_weights(source, revision, entry=served.entry, download=download)
        where = "fetched to" if is_hub_id(source) else "is"
        _say(f"{served.entry}: {source} {where} {found.folder}")


def _written(repository: Path) -> dict[str, Served]:
    found = [
        decode_served(file.read_text("utf-8")) for file in repository.glob(f"*/1/{SERVED_FILE}")
    ]
    return {served.entry: served for served in found}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
