"""What the text head learns from: our own exemplars, and public sets by path.

Public sets never enter the project; `--data` names the folder that holds them. Without it the head
is trained on the exemplars alone.
"""

import csv
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

EXEMPLARS = Path(__file__).parent / "exemplars"

HAZARDS = (
    "child_safety",
    "self_harm",
    "dangerous",
    "hate",
    "violence",
    "sexual",
    "harassment",
    "spam",
    "profanity",
)
"""Labels of the head, in the order of its rows."""

UNDECIDED: dict[str, frozenset[str]] = {
    "child_safety": frozenset({"sexual"}),
    "self_harm": frozenset({"violence", "dangerous", "harassment"}),
    "dangerous": frozenset({"violence", "self_harm", "spam"}),
    "hate": frozenset({"harassment", "violence", "profanity"}),
    "violence": frozenset({"dangerous", "hate", "harassment"}),
    "sexual": frozenset({"profanity", "spam"}),
    "harassment": frozenset({"hate", "violence", "profanity", "self_harm", "dangerous"}),
    "spam": frozenset({"dangerous", "sexual"}),
    "profanity": frozenset({"harassment", "hate", "sexual"}),
}
"""A positive of the key is neither example nor counter-example of these: the borders are soft."""

PUBLIC_SOURCES = ("tweets", "posts", "image prompts")
"""Names of the public sets, as `Example.source` has them."""

IMAGE_PROMPTS = 3000
TWEETS_PER_CLASS = 700
POSTS_PER_CLASS = 700


@dataclass(frozen=True, slots=True)
class Example:
    """One text. `labels` is empty for harmless ones; examples of one `group` share their origin."""

    text: str
    labels: frozenset[str]
    undecided: frozenset[str]
    group: str
    source: str
    weight: float = 1.0


def exemplars(seed: int) -> list[Example]:
    """Our own exemplars: each as it is, and in three frames drawn at random; and harmless prose."""
    rng = random.Random(seed)
    frames: dict[str, list[str]] = document("frames")
    harmless = document("harmless")
    hazards = document("hazards")
    prose: dict[str, list[str]] = document("prose")
    found: list[Example] = []
    for hazard, by_language in [*hazards.items(), ("", harmless)]:
        labels = frozenset({hazard} if hazard else ())
        undecided = UNDECIDED.get(hazard, frozenset())
        for language, texts in by_language.items():
            for text in texts:
                framed = {frame.format(text) for frame in rng.sample(frames[language], k=3)}
                found += [
                    Example(variant, labels, undecided, text, "exemplars", 1.0)
                    for variant in sorted({text, *framed})
                ]
    return found + [
        Example(text, frozenset(), frozenset(), text, "prose", 1.0)
        for texts in prose.values()
        for text in texts
    ]


def held_out(name: str) -> list[Example]:
    """Our own texts that are never trained on: `development` or `final`."""
    return [
        Example(
            text,
            frozenset() if hazard == "harmless" else frozenset({hazard}),
            UNDECIDED.get(hazard, frozenset()),
            text,
            f"{name} {language}",
        )
        for hazard, by_language in document(name).items()
        for language, texts in by_language.items()
        for text in texts
    ]


def public(data: Path, seed: int) -> list[Example]:
    """Samples of the public sets used for training, with the labels they support.

    Tweets and posts are sampled by lexicon and labelled by taste, so they weigh little, and what
    they call merely offensive is left undecided for the neighbouring hazards.
    """
    rng = random.Random(seed)
    return [
        *_tweets(data / "moderation/davidson-hate/labeled_data.csv", rng),
        *_posts(data / "moderation/cold-zh-dev/dev.csv", rng),
        *_image_prompts(data / "recommendations/prompts/imagereward-refl_data.json", rng),
    ]


def _tweets(path: Path, rng: random.Random) -> Iterator[Example]:
    by_class: dict[str, list[str]] = {"0": [], "1": [], "2": []}
    for row in _rows(path):
        agreed = int(row["count"]) and max(
            int(row[name]) for name in ("hate_speech", "offensive_language", "neither")
        ) == int(row["count"])
        if agreed:
            by_class[row["class"]].append(row["tweet"])
    meaning = {
        "0": (frozenset({"hate"}), frozenset({"harassment", "profanity", "violence", "sexual"})),
        "1": (frozenset({"profanity"}), frozenset({"harassment", "hate", "sexual", "violence"})),
        "2": (frozenset[str](), frozenset[str]()),
    }
    for name, texts in by_class.items():
        labels, undecided = meaning[name]
        for text in rng.sample(texts, min(TWEETS_PER_CLASS, len(texts))):
            yield Example(text, labels, undecided, text, "tweets", 0.3)


def _posts(path: Path, rng: random.Random) -> Iterator[Example]:
    by_label: dict[str, list[str]] = {"0": [], "1": []}
    for row in _rows(path):
        by_label[row["label"]].append(row["TEXT"])
    for label, texts in by_label.items():
        labels = frozenset({"hate"} if label == "1" else ())
        undecided = UNDECIDED["hate"] if label == "1" else frozenset[str]()
        for text in rng.sample(texts, min(POSTS_PER_CLASS, len(texts))):
            yield Example(text, labels, undecided, text, "posts", 0.3)


def _image_prompts(path: Path, rng: random.Random) -> Iterator[Example]:
    """Real prompts of an image service: nearly all harmless, so a lower weight, no more."""
    documents: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    texts = sorted({str(item["text"]).strip() for item in documents})
    for text in rng.sample(texts, min(IMAGE_PROMPTS, len(texts))):
        yield Example(text[:300], frozenset(), frozenset(), text, "image prompts", 0.5)


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def document(name: str) -> dict[str, Any]:
    """Return a file of `exemplars` by its name without ending."""
    read: dict[str, Any] = yaml.safe_load((EXEMPLARS / f"{name}.yaml").read_text(encoding="utf-8"))
    return read
