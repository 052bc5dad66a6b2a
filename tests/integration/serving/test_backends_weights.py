"""Finding weights: offline, named, and never by surprise. Needs the serving environment only."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from generation.core.backends.folders import write_model_folder
from generation.core.catalogue import catalogue
from tidegate.stack.serving_env import CHECKOUT, python_of

pytestmark = pytest.mark.triton

FIND = """
import sys
from generation.serving.tidegate_backends.sources import WeightsMissing, find_weights
for source in sys.argv[1:]:
    try:
        found = find_weights(source, None, entry="some-entry")
        print(found.folder.name, found.identity)
    except WeightsMissing as exc:
        print("missing:", exc)
"""


def run(*arguments: str | Path, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python_of(CHECKOUT), "-W", "ignore", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env=os.environ | {"HF_HOME": str(home), "TIDEGATE_MODELS_DIR": str(home)} | environment,
    )


def find(home: Path, *sources: str) -> list[str]:
    done = run("-c", FIND, *sources, home=home, HF_HUB_OFFLINE="1")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_weights_that_are_not_here_are_named_with_the_command_that_fetches_them(
    tmp_path: Path,
) -> None:
    hub, path, name = find(tmp_path, "owner/absent", "/absent/folder", "absent")
    assert "the weights of owner/absent are not on this machine" in hub
    assert "tidegate_backends.fetch some-entry" in hub
    assert "there is no folder /absent/folder" in path
    assert f"there is no folder {tmp_path / 'absent'}" in name


def test_a_folder_is_known_by_its_content_and_a_snapshot_by_its_commit(tmp_path: Path) -> None:
    snapshot = tmp_path / "hub" / "models--owner--name" / "snapshots" / "0123abcd"
    for folder in (tmp_path / "one", tmp_path / "two", snapshot):
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(b"the same")
    refs = snapshot.parent.parent / "refs"
    refs.mkdir()
    (refs / "main").write_text("0123abcd")
    one, two, cached = find(tmp_path, "one", "two", "owner/name")
    assert one.split()[1] == two.split()[1]
    assert cached.split() == ["0123abcd", "0123abcd"]
    (tmp_path / "two" / "model.safetensors").write_bytes(b"not same")
    assert find(tmp_path, "two")[0] != two


def test_fetching_an_entry_whose_weights_lie_in_a_folder_says_where(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    shipped = catalogue()["qwen3-1.7b"]
    model = replace(shipped, options={**shipped.options, "source": str(tmp_path / "weights")})
    write_model_folder(model, tmp_path / "repository")
    program = ("-m", "generation.serving.tidegate_backends.fetch")
    place = ("--repository", str(tmp_path / "repository"))
    done = run(*program, "qwen3-1.7b", *place, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "weights") in done.stdout
    unknown = run(*program, "nothing", *place, home=tmp_path)
    assert unknown.returncode == 1
    assert "has no entry nothing; it has qwen3-1.7b" in unknown.stdout
