"""The command line: `tidegate --help` lists what it can do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict

import click
from rich.console import Console

from tidegate.stack import control, display
from tidegate.stack.given import given_in_use
from tidegate.stack.places import Places
from tidegate.stack.processes import tail
from tidegate.stack.state import StackState, is_supervised

_CONSOLE = Console(highlight=False, soft_wrap=True)
if not _CONSOLE.is_terminal:
    # A log has no width to fold to.
    _CONSOLE = Console(highlight=False, soft_wrap=True, width=160)
_PASS_THROUGH = {"ignore_unknown_options": True, "allow_extra_args": True}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Tidegate on one machine."""


@main.command()
@click.option("--foreground", is_flag=True, help="Stay; Ctrl-C stops everything.")
def up(*, foreground: bool) -> None:
    """Start everything and print the addresses."""
    places = Places.from_environment()
    since = time.time()
    try:
        control.check_machine(places)
        if is_supervised(places.lock):
            state = StackState.read(places.state)
            if state is None:
                raise click.ClickException(f"{places.lock} is held, but {places.state} is missing")
            control.check_unchanged(state)
            _CONSOLE.print(f"Tidegate already runs here (supervisor {state.supervisor}).")
            supervisor, since = None, state.started_at
        else:
            with _CONSOLE.status("asking the servers that the environment gives"):
                servers = control.check_servers()
            display.show_given(_CONSOLE, servers)
            supervisor = control.start_supervisor(places)
    except control.CannotStart as exc:
        raise click.ClickException(str(exc)) from exc
    started = display.follow_start(
        _CONSOLE,
        places,
        since=since,
        is_alive=lambda: supervisor.poll() is None if supervisor else is_supervised(places.lock),
    )
    if not started:
        control.stop(places)
        raise click.exceptions.Exit(1)
    _print_addresses(places)
    if foreground:
        _stay(places, supervisor)


@main.command()
def down() -> None:
    """Stop everything that `up` started."""
    places = Places.from_environment()
    with _CONSOLE.status("stopping"):
        outcome = control.stop(places)
    _CONSOLE.print(outcome)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(*, as_json: bool) -> None:
    """Show every process: state, memory, age, restarts, address. Exits 3 when nothing runs."""
    places = Places.from_environment()
    state = StackState.read(places.state)
    runs = state is not None and is_supervised(places.lock)
    if state is None or not runs:
        click.echo("{}" if as_json else "Tidegate does not run here.")
        raise click.exceptions.Exit(3)
    if as_json:
        content = asdict(state)
        for name, unit in state.units.items():
            content["units"][name]["memory"] = display.memory_of(unit)
        click.echo(json.dumps(content, indent=1))
        return
    _CONSOLE.print(display.status_table(state, given_in_use(state)))
    total = sum(display.memory_of(unit) for unit in state.units.values())
    _CONSOLE.print(f"supervisor {state.supervisor}, all together {display.megabytes(total)}")


@main.command()
@click.argument("name")
@click.option("-n", "lines", default=40, show_default=True, help="How many lines.")
@click.option("-f", "follow", is_flag=True, help="Go on with new lines.")
def logs(*, name: str, lines: int, follow: bool) -> None:
    """Show the log of one process (see `status` for the names, or `supervisor`)."""
    log = Places.from_environment().log(name)
    if not log.is_file():
        known = ", ".join(sorted(path.stem for path in log.parent.glob("*.log")))
        raise click.BadParameter(f"no log named {name!r}; there are: {known or 'none'}")
    if follow:
        os.execvp("tail", ["tail", "-n", str(lines), "-F", str(log)])  # noqa: S606, S607
    click.echo(tail(log, lines))


@main.command()
def demo() -> None:
    """Run the main job without a browser; exits 0 only if all of it happened."""
    from tidegate.stack.demo import run as run_demo

    places = Places.from_environment()
    environment = control.environment_of(places)
    raise click.exceptions.Exit(
        run_demo(
            base_url=environment["TIDEGATE_PUBLIC_URL"],
            people_file=places.var / "demo.json",
            environment=environment,
        )
    )


@main.command(context_settings=_PASS_THROUGH)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(*, arguments: tuple[str, ...]) -> None:
    """Run a Django management command against the running stack."""
    _management(arguments[0] if arguments else "help", arguments[1:])


@main.group()
def audit() -> None:
    """The audit trail."""


@audit.command(context_settings=_PASS_THROUGH)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def verify(*, arguments: tuple[str, ...]) -> None:
    """Check every chain and checkpoint; exits non-zero if anything was changed."""
    _management("audit_verify", arguments)


@main.group()
def ledger() -> None:
    """Credits."""


@ledger.command(context_settings=_PASS_THROUGH)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def reconcile(*, arguments: tuple[str, ...]) -> None:
    """Prove that credits and jobs add up; exits non-zero with whatever drifted."""
    _management("ledger_reconcile", arguments)


@ledger.command(context_settings=_PASS_THROUGH)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def grant(*, arguments: tuple[str, ...]) -> None:
    """Give an organisation credits, or correct what it has."""
    _management("grant_credits", arguments)


@main.command("dead-letters", context_settings=_PASS_THROUGH)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def dead_letters(*, arguments: tuple[str, ...]) -> None:
    """List or replay the messages that could not be handled."""
    _management("dead_letters", arguments)


@main.command(hidden=True)
def supervise() -> None:
    """Be the supervisor (what `up` starts in the background)."""
    control.supervise(Places.from_environment())


def _management(command: str, arguments: tuple[str, ...]) -> None:
    environment = control.environment_of(Places.from_environment())
    process = subprocess.run(
        [sys.executable, "-m", "django", command, *arguments], env=environment, check=False
    )
    raise click.exceptions.Exit(process.returncode)


def _print_addresses(places: Places) -> None:
    state = StackState.read(places.state)
    if state is None:
        raise click.ClickException(f"{places.state} has gone")
    base = state.environment["TIDEGATE_PUBLIC_URL"]
    _CONSOLE.print()
    for what, path in (
        ("Studio", "/"),
        ("Console", "/console/"),
        ("API docs", "/api/docs"),
    ):
        _CONSOLE.print(f"  {what:<10}{base}{path}")
    people = tail(places.log("ensure_demo"), 12)
    _CONSOLE.print()
    _CONSOLE.print(people, markup=False)


def _stay(places: Places, supervisor: subprocess.Popen[bytes] | None) -> None:
    _CONSOLE.print("\nCtrl-C stops everything.")
    try:
        while supervisor.poll() is None if supervisor else is_supervised(places.lock):
            time.sleep(0.5)
    except KeyboardInterrupt:
        _CONSOLE.print(control.stop(places))


if __name__ == "__main__":
    main()
