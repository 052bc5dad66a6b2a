"""Becomes a server process that cannot outlive the process that started it.

Run as a script (`python -I -S launch.py --parent PID --death-signal N -- COMMAND`), so it imports
the standard library only and is in place before the server's first instruction: the kernel then
sends the death signal to the server when its parent dies in any way, `kill -9` included.

PostgreSQL refuses to run as root; with `--user` root's privileges are dropped first. Triton starts
processes of its own, which the kernel's signal does not reach; with `--keep-group SECONDS` this
script stays as their keeper, passes signals on, and ends the group when its leader has ended.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import pwd
import signal
import sys
from types import FrameType

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Set the guards, drop privileges if asked to, and become the command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--death-signal", type=int, required=True)
    parser.add_argument("--user")
    parser.add_argument("--keep-group", type=float)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    libc = ctypes.CDLL(None, use_errno=True)
    if options.user:
        _become(options.user)
    # After the change of user, which clears it.
    _prctl(libc, _PR_SET_PDEATHSIG, options.death_signal)
    if os.getppid() != options.parent:
        sys.exit("launch: the parent died before its child was guarded")
    if options.keep_group is not None:
        sys.exit(_keep(libc, options.command, options.keep_group))
    os.execv(options.command[0], options.command)  # noqa: S606 - there is no shell to want


def _keep(libc: ctypes.CDLL, command: list[str], seconds: float) -> int:
    """Run the command as a group of its own and leave no member of it behind."""
    keeper = os.getpid()
    asked = (signal.SIGTERM, signal.SIGINT)
    # Until there is somebody to pass them on to, signals wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, asked)
    leader = os.fork()
    if leader == 0:
        os.setpgid(0, 0)
        _prctl(libc, _PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(1)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, asked)
        os.execv(command[0], command)  # noqa: S606 - there is no shell to want

    def pass_on(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader, signal.SIGTERM)
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def lose_patience(number: int, frame: FrameType | None) -> None:
        os.killpg(leader, signal.SIGKILL)

    for number in asked:
        signal.signal(number, pass_on)
    signal.signal(signal.SIGALRM, lose_patience)
    # The group is made here, too: whichever of the two comes first, it is there to be killed.
    with contextlib.suppress(OSError):
        os.setpgid(leader, leader)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, asked)
    _, status = os.waitpid(leader, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _become(user: str) -> None:
    """Turn root into `user` for good."""
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    os.environ["HOME"] = "/"


def _prctl(libc: ctypes.CDLL, option: int, *values: int) -> None:
    padded = [*values, *([0] * (4 - len(values)))]
    if libc.prctl(option, *(ctypes.c_ulong(value) for value in padded)) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"prctl({option}): {os.strerror(errno)}")


if __name__ == "__main__":
    main(sys.argv[1:])
