"""Every test has its own signing key and export file."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from tidegate.audit import keys


@pytest.fixture(autouse=True)
def audit_files(tmp_path: Path, settings: Settings) -> Path:
    """Give every test its own signing key and export file; the value is the latter."""
    settings.TIDEGATE_AUDIT_KEY_FILE = tmp_path / "audit.pem"
    settings.TIDEGATE_AUDIT_EXPORT_FILE = tmp_path / "checkpoints.jsonl"
    keys.create(tmp_path / "audit.pem")
    return tmp_path / "checkpoints.jsonl"
