"""Starting, finding and ending the supervisor of a folder."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tidegate.settings.env import EnvironmentRefused
from tidegate.stack import given, keys, ports
from tidegate.stack.leftovers import end_leftovers
from tidegate.stack.places import CHECKOUT, Places
from tidegate.stack.plan import (
    PORT_NAMES,
    PlanRefused,
    fixed_ports,
    guard_entries,
    make_plan,
    worker_places,
)
from tidegate.stack.processes import open_log, wait_for
from tidegate.stack.serving_env import PYTHONS, python_of
from tidegate.stack.state import StackState, is_same_process, is_supervised, sole_supervisor
from tidegate.stack.supervisor import Supervisor

_OLDEST_PYTHON = (3, 11)
_FIRST_INSTALL_BYTES = 6_000_000_000
_RUNNING_BYTES = 500_000_000
_STOP_SECONDS = 90.0
_LOG = logging.getLogger(__name__)


class CannotStart(RuntimeError):
    """This machine or folder cannot run the stack; the message says what to change."""


def check_machine(places: Places) -> None:
    """Raise `CannotStart` before anything is begun that cannot end well."""
    if sys.version_info < _OLDEST_PYTHON:
        raise CannotStart(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    if not sys.platform.startswith("linux"):
        raise CannotStart(f"the one-machine stack runs on Linux, not on {sys.platform}")
    places.var.mkdir(parents=True, exist_ok=True)
    is_first = not os.environ.get("TRITON_GRPC_URL") and not python_of(CHECKOUT).exists()
    python = "{}.{}".format(*sys.version_info)
    if is_first and python not in PYTHONS:
        raise CannotStart(
            f"the models need Python {' or '.join(PYTHONS)}, and this is {python}: remove .venv "
            f"and run make up PYTHON=python{PYTHONS[-1]}, or set TRITON_GRPC_URL to use a "
            "Triton server elsewhere"
        )
    needed = _FIRST_INSTALL_BYTES if is_first else _RUNNING_BYTES
    free = shutil.disk_usage(places.var).free
    if free < needed:
        why = "the first installation needs" if is_first else "the stack needs"
        raise CannotStart(
            f"{why} {needed / 1e9:.1f} GB of disk below {places.var}, "
            f"but only {free / 1e9:.1f} GB are free"
        )
    try:
        wanted = fixed_ports(os.environ)
        worker_places(os.environ)
        guard_entries(os.environ)
        if not is_supervised(places.lock):
            ports.choose(wanted, home=places.var, earlier={}, fixed=wanted)
    except (ports.PortTaken, PlanRefused) as exc:
        raise CannotStart(str(exc)) from exc


def check_servers() -> tuple[given.Given, ...]:
    """Return the servers that the environment gives; raise `CannotStart` if one is of no use."""
    try:
        servers = given.ask(os.environ, root=CHECKOUT)
    except EnvironmentRefused as exc:
        raise CannotStart(str(exc)) from exc
    if problems := [server for server in servers if server.problem]:
        raise CannotStart(
            "what the environment gives cannot be used:\n"
            + "\n".join(f"{bad.variable} ({bad.address}): {bad.problem}" for bad in problems)
        )
    return servers


def check_unchanged(state: StackState) -> None:
    """Raise `CannotStart` if the environment gives other servers than the running stack uses."""
    if changed := given.changed(os.environ, state.environment):
        raise CannotStart(
            f"it already runs (supervisor {state.supervisor}), but was started without this "
            f"{', '.join(changed)}: stop it first (tidegate down, make down)"
        )


def start_supervisor(places: Places) -> subprocess.Popen[bytes]:
    """Start the supervisor in the background, free of this terminal."""
    places.make()
    with open_log(places.log("supervisor")) as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tidegate.stack.cli", "supervise"],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def supervise(places: Places) -> None:
    """Be the supervisor until told to stop. Raises `AlreadyRuns` if there is one."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    places.make()
    with sole_supervisor(places.lock):
        earlier = StackState.read(places.state)
        if earlier is not None:
            for name in end_leftovers(earlier):
                _LOG.warning("ended %s, left by an earlier supervisor", name)
        keys.ensure_secret_key(places.keys / "secret_key")
        keys.ensure_audit_key(_audit_key_file(places))
        chosen = ports.choose(
            PORT_NAMES,
            home=places.var,
            earlier=earlier.ports if earlier else {},
            fixed=fixed_ports(os.environ),
        )
        plan = make_plan(places, chosen, os.environ)
        Supervisor(
            plan.units,
            state_file=places.state,
            ports=plan.ports,
            environment=plan.environment,
        ).run()


def stop(places: Places) -> str:
    """End the supervisor and what it started, or what a killed one left; return what happened."""
    state = StackState.read(places.state)
    if state is None or not is_supervised(places.lock):
        left = end_leftovers(state) if state is not None else ()
        return f"Ended leftovers: {', '.join(left)}." if left else "Tidegate does not run here."
    if is_same_process(state.supervisor, state.supervisor_created):
        os.kill(state.supervisor, signal.SIGTERM)
    if wait_for(lambda: not is_supervised(places.lock), seconds=_STOP_SECONDS):
        return "Tidegate has stopped."
    os.kill(state.supervisor, signal.SIGKILL)
    wait_for(lambda: not is_supervised(places.lock), seconds=5)
    end_leftovers(state)
    return "Tidegate did not stop by itself and was killed."


def environment_of(places: Places) -> dict[str, str]:
    """Return the environment that joins a management command to the stack of this folder."""
    state = StackState.read(places.state)
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tidegate.settings.local",
        **(dict(state.environment) if state is not None else {}),
        "TIDEGATE_VAR_DIR": str(places.var),
    }


def _audit_key_file(places: Places) -> Path:
    given = os.environ.get("TIDEGATE_AUDIT_KEY_FILE")
    return Path(given) if given else places.keys / "audit_ed25519.pem"
