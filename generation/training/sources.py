"""Where the training pictures and their names come from: npm packages, pinned by SHA-256."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path


class SourceError(Exception):
    """A source package could not be fetched, or is not the one this model was trained on."""


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package, pinned to the bytes of its tarball."""

    name: str
    version: str
    sha256: str

    @property
    def tarball(self) -> str:
        """The file name `npm pack` gives the package."""
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}.tgz"


@dataclass(frozen=True, slots=True)
class IconSet:
    """One set of colour icons inside the icon package.

    `weight` is how often the diffusion model sees the set relative to the others.
    """

    prefix: str
    licence: str
    weight: float


ICONS = Package(
    "@iconify/json", "2.2.535", "1a545f86fa224d6531d8fb101dcbe83aac2b28689a21cbed6fc68318a5af4d91"
)
NAMES = Package(
    "emojibase-data", "17.0.0", "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a"
)

# The order is part of the trained weights: the style vector is one-hot over it.
ICON_SETS: tuple[IconSet, ...] = (
    IconSet("noto", "Apache-2.0", 0.6),
    IconSet("fluent-emoji-flat", "MIT", 2.0),
    IconSet("fluent-emoji", "MIT", 1.0),
    IconSet("noto-v1", "Apache-2.0", 0.2),
    IconSet("fxemoji", "Apache-2.0", 0.2),
)
# What the served model draws in.
DEFAULT_STYLE = "fluent-emoji-flat"
# All five tones of a concept together are seen half as often as the concept without tone.
TONED_SHARE = 0.1
# Neither the denoiser nor the judge learns from these: what they draw measures both.
HELD_OUT = ("noto-v1", "fxemoji")


def fetch(package: Package, folder: Path) -> Path:
    """Download the package's tarball into `folder` once and return its path.

    Raises SourceError when npm is missing, the download fails, or the bytes differ from the pin.
    """
    target = folder / package.tarball
    if not target.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise SourceError("npm is needed to fetch the training data and is not on the PATH")
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [npm, "pack", "--silent", f"{package.name}@{package.version}"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not target.exists():
            raise SourceError(f"npm pack {package.name}@{package.version}: {done.stderr.strip()}")
    found = hashlib.sha256(target.read_bytes()).hexdigest()
    if found != package.sha256:
        raise SourceError(f"{target.name} has SHA-256 {found}, expected {package.sha256}")
    return target


def read_member(tarball: Path, member: str) -> bytes:
    """Return one file of a package's tarball. Raises SourceError when it is not inside."""
    with tarfile.open(tarball) as archive:
        try:
            stream = archive.extractfile(f"package/{member}")
        except KeyError as error:
            raise SourceError(f"{tarball.name} holds no {member}") from error
        if stream is None:
            raise SourceError(f"{member} in {tarball.name} is not a plain file")
        return stream.read()
