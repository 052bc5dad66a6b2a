"""The shape of the tree that everything else relies on."""

from __future__ import annotations

import importlib.util
import platform
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_platform_is_a_source_root_and_no_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()
    assert [path.name for path in (ROOT / "platform").glob("*.py")] == []


def test_platform_still_means_the_standard_library() -> None:
    assert Path(platform.__file__).parent == Path(sysconfig.get_path("stdlib"))


@pytest.mark.parametrize("package", ["tidegate", "generation", "moderation", "recommendations"])
def test_packages_are_typed_and_importable(package: str) -> None:
    assert importlib.util.find_spec(package) is not None


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils.py", "helpers.py", "common.py", "misc.py"}
    code = [ROOT / name for name in ("platform", "generation", "moderation", "recommendations")]
    assert [
        str(path) for folder in code for path in folder.rglob("*.py") if path.name in drawers
    ] == []
