"""From an order to a film: its scene, its sound, frame after frame, and its further forms."""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
from PIL import Image

from generation.core.film import mp4
from generation.core.film.camera import look
from generation.core.film.narration import webvtt
from generation.core.wire import Media
from generation.serving.tidegate_image.bundle import Bundle
from generation.serving.tidegate_video import voice, walk
from generation.serving.tidegate_video.figures import card_of, figure_of
from generation.serving.tidegate_video.filming import FPS, LIBRARY, Camera
from generation.serving.tidegate_video.lettering import ROOM, Captions
from generation.serving.tidegate_video.orders import Order
from generation.serving.tidegate_video.stage import (
    FigureScene,
    Frame,
    PictureScene,
    Scene,
    Size,
)
from generation.serving.tidegate_video.voice import Narration

FONT = "noto-sans-sc/NotoSansSC-Medium.ttf"
_PREVIEW_SIDE = 320
_PREVIEW_SECONDS = 3
_PREVIEW_EVERY = 2
_POSTER_AT = 0.55
_JPEG_QUALITY = 90

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Film:
    """All forms of a finished film, the original first, and what made it."""

    media: tuple[Media, ...]
    version: str


class Director:
    """The loaded image model, and where encoder and font are."""

    def __init__(self, bundle: Bundle, models: Path) -> None:
        """Hash what decides the bytes. Raises OSError when a file is missing."""
        self._bundle = bundle
        self._models = models
        digest = hashlib.sha256(bundle.version.encode())
        core = Path(mp4.__file__).parent
        here = Path(__file__).parent
        for file in sorted([*core.glob("*.py"), *here.glob("*.py"), *here.glob("*.js")]):
            digest.update(file.read_bytes())
        for name in (LIBRARY, FONT):
            digest.update((models / name).read_bytes())
        self._version = digest.hexdigest()[:12]

    def make(self, order: Order, picture: Image.Image | None, report: Report) -> Film:
        """Make a film; the same order and picture make the same bytes.

        `report` hears (step, steps) and stops the work by raising. Raises InvalidRequest,
        BlankPicture, VoiceUnavailable, EncoderFailed.
        """
        # The words' share of the work is not known before; it counts as one step.
        drawing = 0 if picture is not None else order.steps
        words = 1 if order.narration else 0
        known = drawing + words
        guessed = known + math.ceil(order.seconds)
        narration = self._narration(order, lambda _: report(0, guessed))
        needed = narration.milliseconds / 1000 if narration else 0.0
        frames = math.ceil(max(order.seconds, needed) * FPS)
        steps = known + math.ceil(frames / FPS)
        size = order.frame_size(None if picture is None else picture.size)
        scene = self._scene(order, picture, size, frames, lambda step: report(words + step, steps))
        takes = self._takes(order, scene, narration, size, frames)
        return self._shot(
            takes, size, frames, narration, order, lambda second: report(known + second, steps)
        )

    def _narration(self, order: Order, after: Callable[[int], None]) -> Narration | None:
        if not order.narration:
            return None
        return voice.spoken(
            order.narration, voice=order.voice, seed=order.seed, after_sentence=after
        )

    def _scene(
        self,
        order: Order,
        picture: Image.Image | None,
        size: Size,
        frames: int,
        after: Callable[[int], None],
    ) -> Scene:
        below = ROOM if order.narration and order.captions == "drawn" else 0.0
        if picture is not None:
            given = figure_of(picture, is_drawn=False)
            if given is None:
                return PictureScene(size, picture)
            return FigureScene(
                size, lambda _: given, seed=order.seed, keeps_ground=True, room_below=below
            )
        pace = walk.Pace(order.steps, order.guidance)
        if order.towards is None:
            alone = walk.drawn(self._bundle, order.prompt, pace, seed=order.seed, after_step=after)
            figure = figure_of(alone, is_drawn=True) or card_of(alone)
            return FigureScene(size, lambda _: figure, seed=order.seed, room_below=below)
        ends = walk.Ends(order.prompt, order.towards, order.seed)
        pictures = walk.walked(
            self._bundle, ends, pace, views=walk.views_for(frames), after_step=after
        )
        return FigureScene(size, walk.Gallery(pictures), seed=order.seed, room_below=below)

    def _takes(
        self, order: Order, scene: Scene, narration: Narration | None, size: Size, frames: int
    ) -> Iterator[tuple[Frame, Frame]]:
        """Yield each frame as it is and with its caption."""
        captions: Captions | None = None
        if narration is not None and order.captions == "drawn":
            captions = Captions(narration.cues, font=self._models / FONT, size=size)
        for number in range(frames):
            moment = number / max(1, frames - 1)
            plain = scene.frame(look(order.motion, moment), moment)
            at_ms = 1000 * number / FPS
            yield plain, plain if captions is None else captions.lay(plain, at_ms)

    def _shot(  # noqa: PLR0917  private, and each of another kind
        self,
        takes: Iterator[tuple[Frame, Frame]],
        size: Size,
        frames: int,
        narration: Narration | None,
        order: Order,
        after_second: Callable[[int], None],
    ) -> Film:
        small = _fitted(size, _PREVIEW_SIDE)
        camera = Camera(self._models, size)
        second = Camera(self._models, small, fps=FPS // _PREVIEW_EVERY, is_preview=True)
        poster = b""
        try:
            for number, (plain, frame) in enumerate(takes):
                camera.shoot(frame)
                if number % _PREVIEW_EVERY == 0 and number < _PREVIEW_SECONDS * FPS:
                    second.shoot(cv2.resize(frame, small, interpolation=cv2.INTER_AREA))
                if number == int(_POSTER_AT * frames):
                    poster = _jpeg(plain)
                if (number + 1) % FPS == 0 or number + 1 == frames:
                    after_second(math.ceil((number + 1) / FPS))
            stream, preview = camera.finish(), second.finish()
        finally:
            camera.stop()
            second.stop()
        return self._film(size, small, frames, stream, preview, poster, narration, order)

    def _film(  # noqa: PLR0917  private, and each of another kind
        self,
        size: Size,
        small: Size,
        frames: int,
        stream: bytes,
        preview: bytes,
        poster: bytes,
        narration: Narration | None,
        order: Order,
    ) -> Film:
        seconds = frames / FPS
        sound = narration.mp3(seconds) if narration else b""
        rate = FPS // _PREVIEW_EVERY
        shown = min(frames, _PREVIEW_SECONDS * FPS)
        original = mp4.written(mp4.Pictures(stream, *size, FPS), sound)
        loop = mp4.written(mp4.Pictures(preview, *small, rate))
        media = [
            Media("video/mp4", original, *size, round(1000 * seconds)),
            Media("image/jpeg", poster, *size, rendition="poster"),
            Media(
                "video/mp4",
                loop,
                *small,
                round(1000 * math.ceil(shown / _PREVIEW_EVERY) / rate),
                rendition="preview",
            ),
        ]
        version = self._version
        if narration is not None:
            version = f"{version}+{narration.version}"
            if order.captions != "none":
                text = webvtt(narration.cues).encode()
                media.append(Media("text/vtt", text, rendition="captions"))
        return Film(tuple(media), version)


def _jpeg(frame: Frame) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, format="JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()


def _fitted(size: Size, longest: int) -> Size:
    scale = min(1.0, longest / max(size))
    return 2 * round(size[0] * scale / 2), 2 * round(size[1] * scale / 2)
