"""The whole way, with detectors that answer by rule (`tests.fakes`): no server, no model."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.benchmarks.figures import print_summary
from tests.benchmarks.moderation.__main__ import main
from tests.benchmarks.moderation.columns import parse
from tests.benchmarks.moderation.judging import DetectorsUnavailable
from tests.benchmarks.moderation.measuring import Options, measure, promises_of
from tests.benchmarks.moderation.serving import Servers, _repositories
from tests.benchmarks.moderation.sets import LabelledSet, find
from tests.benchmarks.moderation.tables import print_published
from tests.fakes.detectors import FakeDetectors
from tidegate.stack.serving_env import CHECKOUT

ROWS = [
    ("hatemark all of you", 1, "sure"),  # blocked
    ("hatemaybe some of you", 1, "unsure"),  # held
    ("i dislike you", 1, "unsure"),  # missed
    ("sieg heil", 1, "sure"),  # held by its words alone
    ("a harbour at dawn", 0, "plain"),
    ("two red apples", 0, "plain"),
    ("violencemaybe in a novel", 0, "novel"),  # a false alarm
    ("rain on the window", 0, "plain"),
]
MAP = "text=text,label=label,positive=1,negative=0,hazards=hate,group=kind,trained=none,language=en"


def fake_vectors(texts: list[str]) -> list[list[float]]:
    return [[float(len(text)), float("you" in text), 1.0] for text in texts]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.csv"
    lines = [f"{text},{label},{kind}" for text, label, kind in ROWS]
    path.write_text("\n".join(["text,label,kind", *lines]), encoding="utf-8")
    return path


def test_a_tiny_set_is_measured_printed_and_written(data: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("apples\ndislike\n", encoding="utf-8")
    options = Options(limit=0, resamples=50, words=[words])
    (one,) = find(data, parse(MAP))
    promised = LabelledSet(one.name, one.parts, False, {"hold_f1": 0.7, "hold_fpr": 0.1})
    printed = StringIO()
    console = Console(file=printed, width=200)

    result = measure(
        options.sample([promised]), Servers(FakeDetectors(), fake_vectors), options, console
    )
    result.write(tmp_path)
    print_summary(console, [result])
    print_published(console)

    figures = json.loads((tmp_path / "moderation.json").read_text(encoding="utf-8"))
    assert {type(value) for value in figures.values()} <= {int, float}
    wanted = {
        "tiny_gate_items_count": 8,
        "tiny_gate_harmful_count": 4,
        "tiny_gate_hold_recall": 0.75,
        "tiny_gate_hold_fpr": 0.25,
        "tiny_gate_hold_precision": 0.75,
        "tiny_gate_block_recall": 0.25,
        "tiny_gate_block_fpr": 0.0,
        # Harmful ones by hate: certain, doubtful, clean, clean; the others clean: ties are a half.
        "tiny_hate_detector_auroc": 0.75,
        "tiny_words_hold_recall": 0.25,
        "tiny_words_block_recall": 0.0,
        "tiny_listed_hold_recall": 0.25,
        "tiny_listed_hold_fpr": 0.25,
        "tiny_group_unsure_gate_hold_recall": 0.5,
        "tiny_group_novel_gate_hold_fpr": 1.0,
        "tiny_unjudged_count": 0,
        "tiny_cross_set_flag": 1.0,
        "latency_text_count": 7,
    }
    assert {name: figures.get(name) for name in wanted} == wanted
    low, high = figures["tiny_gate_low_hold_recall"], figures["tiny_gate_high_hold_recall"]
    assert low < 0.75 < high
    *judged, timed = result.targets
    assert [(target.what, target.is_met) for target in judged] == [
        ("tiny: gate_hold_f1", True),
        ("tiny: gate_hold_fpr", False),
    ]
    assert timed.what == "policy evaluation p95 (ms)"  # how long it takes here says nothing
    page = printed.getvalue()
    assert "cross-set; 8 of 8 items" in page
    assert "MISS" in page
    assert "on OTHER sets" in page


def test_the_same_seed_gives_the_same_figures_but_for_the_times(data: Path) -> None:
    def figures() -> dict[str, float]:
        options = Options(limit=6, resamples=20, with_latency=False)
        samples = options.sample(find(data, parse(MAP)))
        result = measure(
            samples, Servers(FakeDetectors(), fake_vectors), options, Console(file=StringIO())
        )
        return {name: v for name, v in result.figures.items() if not name.startswith("latency")}

    assert figures() == figures()


def test_a_set_is_cross_validated_when_asked(tmp_path: Path) -> None:
    lines = [f"word number {n}{' for you' * (n % 2)},{n % 2}" for n in range(30)]
    path = tmp_path / "set.csv"
    path.write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    options = Options(resamples=10, with_latency=False)
    samples = options.sample(find(path, parse("text=text,label=label,positive=1"), is_crossed=True))

    result = measure(
        samples, Servers(FakeDetectors(), fake_vectors), options, Console(file=StringIO())
    )

    assert result.figures["set_crossed_auroc"] == 1.0
    assert result.figures["set_gate_auroc"] == 0.5
    assert result.figures["set_cross_set_flag"] == 0.0


def test_an_outage_is_not_measured_as_if_it_were_the_gate(data: Path) -> None:
    detectors = FakeDetectors()
    detectors.everything_down()
    options = Options(resamples=10, with_latency=False)
    samples = options.sample(find(data, parse(MAP)))

    with pytest.raises(DetectorsUnavailable, match="8 of 8 were not judged: deadline_exceeded"):
        measure(samples, Servers(detectors, fake_vectors), options, Console(file=StringIO()))


@pytest.mark.parametrize(
    ("trained", "promised"), [("none", {"hold_f1", "crossed_auroc"}), ("partly", {"crossed_auroc"})]
)
def test_nothing_is_promised_of_what_detectors_were_trained_on(
    data: Path, trained: str, promised: set[str]
) -> None:
    (one,) = find(data, parse(MAP.replace("trained=none", f"trained={trained}")))
    one = LabelledSet(one.name, one.parts, True, {"hold_f1": 0.7, "crossed_auroc": 0.85})

    targets = promises_of(one, {"gate_hold_f1": 0.8, "crossed_auroc": 0.8})

    assert {target.what.split(": ")[1].removeprefix("gate_") for target in targets} == promised


def test_wrong_data_ends_the_command_before_a_server_is_started(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(data), "--map", "text=tweet,label=label,positive=1"]) == 2
    assert main([str(data)]) == 2
    assert main([str(data), "--map", "text"]) == 2

    printed = capsys.readouterr().out
    assert "there is no column 'tweet'" in printed
    assert "which column is the text" in printed
    assert "is not KEY=VALUE" in printed


def test_another_head_is_served_from_a_copy_and_the_shipped_one_stays(tmp_path: Path) -> None:
    head = tmp_path / "head.safetensors"
    head.write_bytes(b"another head")
    shipped = Path("text_hazards", "1", "head.safetensors")
    before = (CHECKOUT / "moderation" / "serving" / shipped).read_bytes()

    copies = _repositories(tmp_path, head)

    assert [path.parent.name for path in _repositories(tmp_path, None)] == [
        path.name for path in copies
    ]
    assert (tmp_path / "serving" / "moderation" / shipped).read_bytes() == b"another head"
    assert (CHECKOUT / "moderation" / "serving" / shipped).read_bytes() == before
