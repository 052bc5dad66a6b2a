"""Becomes a server process that cannot outlive the process that started it.

Run as a script (`python -I -S launch.py --parent PID --death-signal N -- COMMAND`), so it imports
the standard library only and is in place before the server's first instruction: the kernel then
sends the death signal to the server when its parent dies in any way, `kill -9` included.

PostgreSQL refuses to run as root; with `--user` root's privileges are dropped first. Triton starts
processes of its own, which the kernel's signal does not reach; with `--keep-group SECONDS` this
script stays as their keeper, passes signals on, and ends the group when its leader has ended.

Where Linux groups processes by session (sched_autogroup), every session gets as much of a processor
as every other, and niceness counts inside of one only: Triton with all its models weighs as much
as one idle consumer. So `--nice` is told to the session's group, too.
https://man7.org/linux/man-pages/man7/sched.7.html (the autogroup feature)
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import os
import pwd
import signal
import sys
import time
from types import FrameType

_PR_SET_PDEATHSIG = 1
_AUTOGROUP = "/proc/self/autogroup"
_AUTOGROUP_TRIES = 20


def main(arguments: list[str]) -> None:
    """Set the guards, drop privileges if asked to, and become the command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--death-signal", type=int, required=True)
    parser.add_argument("--user")
    parser.add_argument("--keep-group", type=float)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    libc = ctypes.CDLL(None, use_errno=True)
    if options.nice:
        _step_back(options.nice)
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


def _step_back(niceness: int) -> None:
    os.nice(niceness)
    for _ in range(_AUTOGROUP_TRIES):
        try:
            with open(_AUTOGROUP, "w", encoding="ascii") as group:  # noqa: PTH123 - a short start
                group.write(str(niceness))
        except OSError as error:
            # Whoever is not root may do this ten times a second, all of them together.
            if error.errno == errno.EAGAIN:
                time.sleep(0.1)
                continue
            # There are no such groups here, or they are not ours to weigh: niceness is enough.
            if error.errno in {errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO}:
                return
            raise
        return


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
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")


if __name__ == "__main__":
    main(sys.argv[1:])
