"""Free TCP ports on the loopback address."""

from __future__ import annotations

import hashlib
import random
import socket
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

LOOPBACK = "127.0.0.1"
# Below the ports that systems hand to outgoing connections, so a client cannot take ours by chance.
_FIRST, _LAST = 18_000, 31_999


class PortTaken(RuntimeError):
    """A port that was asked for by name is in use; the message says which."""


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int, seconds: float = 1.0) -> bool:
    """Whether something accepts connections on the port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=seconds):
            return True
    except OSError:
        return False


def http_ok(port: int, path: str, seconds: float = 2.0) -> bool:
    """Whether a GET of the path is answered with 200."""
    connection = HTTPConnection(LOOPBACK, port, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Host": LOOPBACK})
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def any_free() -> int:
    """Return a port that is free now; for tests and short runs.

    Not one that the system would choose: those it also gives to outgoing connections, and a client
    that looks for a server that is away may be given the very port that it looks for.
    """
    span = range(_FIRST, _LAST + 1)
    for port in random.sample(span, len(span)):
        if is_free(port):
            return port
    raise PortTaken(f"no port between {_FIRST} and {_LAST} is free")


def choose(
    names: Iterable[str], *, home: Path, earlier: Mapping[str, int], fixed: Mapping[str, int]
) -> dict[str, int]:
    """Return a free port per name.

    `fixed` ports are taken as they are or refused with `PortTaken`; `earlier` ones are kept while
    they are free, so that addresses survive a restart; the rest start at a place that depends on
    `home`, so that two checkouts rarely want the same.
    """
    start = int.from_bytes(hashlib.sha256(str(home).encode()).digest()[:4], "big")
    span = _LAST - _FIRST + 1
    chosen: dict[str, int] = {}
    step = 0
    for name in names:
        if name in fixed:
            if not is_free(fixed[name]):
                raise PortTaken(f"port {fixed[name]} for {name} is already in use")
            chosen[name] = fixed[name]
            continue
        port = earlier.get(name)
        while port is None or port in chosen.values() or not is_free(port):
            port = _FIRST + (start + step) % span
            step += 1
            if step > span:
                raise PortTaken(f"no port between {_FIRST} and {_LAST} is free for {name}")
        chosen[name] = port
    return chosen
