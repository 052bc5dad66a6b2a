"""The folders that catalogue entries become."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from generation.app.registry.folders import repository, write_folder
from generation.core.catalogue import catalogue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def var(settings: Any, tmp_path: Path) -> Path:
    settings.TIDEGATE_VAR_DIR = tmp_path
    return tmp_path


def test_the_command_writes_the_folder_of_every_entry_with_a_back_end() -> None:
    said = StringIO()
    call_command("model_folders", stdout=said)
    expected = {m.triton_model for m in catalogue().values() if m.backend is not None}
    assert {folder.name for folder in repository().iterdir()} == expected
    assert {Path(line).name for line in said.getvalue().split()} == expected


def test_a_folder_is_written_before_its_model_is_loaded_and_a_shipped_model_has_none() -> None:
    for name in ("sdxl_turbo", "smollm2_text", "unknown"):
        write_folder(name)
    assert [folder.name for folder in repository().iterdir()] == ["sdxl_turbo"]
    assert (repository() / "sdxl_turbo" / "1" / "model.py").is_file()
