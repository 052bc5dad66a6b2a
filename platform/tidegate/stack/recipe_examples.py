"""Make the examples of the industry presets again: `python -m tidegate.stack.recipe_examples`.

Asks a running platform for each composition of `docs/recipes/requests.yaml` over the public API,
waits until everything was made and judged, and writes what came of it into `docs/recipes`: texts as
they are, pictures as WebP, sound as MP3, scores as SVG. Names of presets limit it to those.
"""

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import yaml
from PIL import Image

from tidegate.stack import control
from tidegate.stack.demo_client import Client, Person, StepFailed
from tidegate.stack.places import Places
from tidegate.stack.serving_env import CHECKOUT, python_of

FOLDER = CHECKOUT / "docs" / "recipes"
_PATIENCE_SECONDS = 1_800.0
_PICTURE_PIXELS = 320
_AS_IT_IS = {
    "application/json": ".json",
    "text/plain": ".txt",
    "image/svg+xml": ".svg",
    "audio/mpeg": ".mp3",
}
_RATE = 32
# Sound is encoded where the library for it is: beside Triton.
_ENCODE = """
import sys, io, wave, lameenc
sound = wave.open(io.BytesIO(sys.stdin.buffer.read()))
encoder = lameenc.Encoder()
encoder.set_bit_rate({rate})
encoder.set_in_sample_rate(sound.getframerate())
encoder.set_channels(sound.getnchannels())
encoder.silence()
sys.stdout.buffer.write(encoder.encode(sound.readframes(sound.getnframes())) + encoder.flush())
"""


def main(names: list[str]) -> int:
    """Make the examples; return the exit status."""
    places = Places.from_environment()
    kept = json.loads((places.var / "demo.json").read_text("utf-8"))
    who = next(person for person in kept["people"] if person["role"] == "creator")
    client = Client(
        control.environment_of(places)["TIDEGATE_PUBLIC_URL"], Person(who["email"], who["password"])
    )
    project = client.get("projects", limit=100)["items"][0]["id"]
    requests = yaml.safe_load((FOLDER / "requests.yaml").read_text("utf-8"))
    for request in requests:
        if names and request["recipe"] not in names:
            continue
        began = time.monotonic()
        composition = _made(client, {"project_id": project, **request})
        for line in _kept(client, composition):
            sys.stdout.write(f"  {line}\n")
        sys.stdout.write(f"{request['recipe']}: {time.monotonic() - began:.0f} s\n")
    return 0


def _made(client: Client, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask for a composition and wait until all its parts are released.

    Raises:
        StepFailed: it ended otherwise, waits for a reviewer, or was not done in half an hour.
    """
    asked = client.post("compositions", request)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        seen: Mapping[str, Any] = client.get(f"compositions/{asked['id']}")
        if seen["state"] == "completed":
            return seen
        waiting = [part["name"] for part in seen["parts"] if part["state"] == "held"]
        if waiting:
            raise StepFailed(f"{request['recipe']}: a reviewer must look at {', '.join(waiting)}")
        if seen["state"] != "running":
            raise StepFailed(f"{request['recipe']}: {json.dumps(seen, ensure_ascii=False)[:2000]}")
        time.sleep(2)
    raise StepFailed(f"{request['recipe']} was not done after {_PATIENCE_SECONDS:.0f} s")


def _kept(client: Client, composition: Mapping[str, Any]) -> Iterator[str]:
    """Write every part's files; yield their names."""
    folder = FOLDER / composition["recipe"]
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    counts: dict[str, int] = {}
    for part in composition["parts"]:
        counts[part["name"]] = counts.get(part["name"], 0) + 1
    for part in composition["parts"]:
        stem = part["name"]
        if counts[stem] > 1:
            stem = f"{stem}-{part['index'] + 1}"
        for rendition in client.get(f"assets/{part['asset_id']}")["renditions"]:
            written = _small(rendition, client.media(rendition["url"]))
            if written is None:
                continue
            suffix, data = written
            file = folder / f"{stem}{suffix}"
            if not file.exists():
                file.write_bytes(data)
                yield f"{file.relative_to(FOLDER)} {len(data)}"


def _small(rendition: Mapping[str, Any], data: bytes) -> tuple[str, bytes] | None:
    """Return a rendition as it is kept; None for what is only another form of it."""
    kind = rendition["media_type"].split(";")[0]
    if kind == "audio/wav":
        return (".mp3", _mp3(data)) if rendition["kind"] == "original" else None
    if kind in _AS_IT_IS:
        return _AS_IT_IS[kind], data
    if not kind.startswith("image/"):
        return None
    picture = Image.open(io.BytesIO(data))
    picture.thumbnail((_PICTURE_PIXELS, _PICTURE_PIXELS))
    small = io.BytesIO()
    picture.convert("RGB").save(small, "WEBP", quality=80)
    return ".webp", small.getvalue()


def _mp3(wav: bytes) -> bytes:
    done = subprocess.run(
        [str(python_of(CHECKOUT)), "-c", _ENCODE.format(rate=_RATE)],
        input=wav,
        capture_output=True,
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (StepFailed, httpx.HTTPError) as error:
        sys.stdout.write(f"✗ {error}\n")
        sys.exit(1)
