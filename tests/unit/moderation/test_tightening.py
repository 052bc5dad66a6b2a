from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.core import tightening
from moderation.core.context import Audience, Author, Context, Lineage
from moderation.core.decisions import RANK, HashHit, ListHit, Verdict
from moderation.core.loosening import require_tighter
from moderation.core.policy import InvalidPolicy, Policy, Surface, evaluate, for_audience, parse
from moderation.core.signals import Signal
from moderation.core.tightening import TighteningFile
from tests.unit.moderation.documents import with_parts

BASE = parse(
    with_parts(
        """
unavailable:
  otherwise: {then: retry, seconds: 120}
  violence: {then: hold, seconds: 600}
rules:
  - {name: new, when: author.age_days < 1.0, on: [text], then: hold, hazard: spam}
audiences:
  - name: children
    match: {rating: [children]}
    thresholds: {any: {violence: {hold_at: 0.2}}}
  - name: public in Germany
    match: {region: [de], shown_to: [public]}
    words: {text: {mild: hold}}
"""
    )
)
NOBODY = Audience()


def read_over_the_base(source: str) -> TighteningFile:
    file, marked = tightening.read(source)
    require_tighter(BASE.file, file, marked)
    return file


def stricter(source: str) -> TighteningFile:
    return tightening.read(f"name: ours\n{source}")[0]


@pytest.mark.parametrize(
    ("source", "place", "said"),
    [
        (
            "thresholds: {any: {violence: {hold_at: 0.55}}}",
            (2, 40, "thresholds.any.violence.hold_at"),
            "0.55 is looser than the policy's 0.5 of",
        ),
        (
            "thresholds: {image: {violence: {block_at: 0.95}}}",
            (2, 43, "thresholds.image.violence.block_at"),
            "0.95 is looser than the policy's 0.9 of image",
        ),
        (
            "thresholds: {text: {hate: {hold_at: 0.1}}}",
            (2, 21, "thresholds.text.hate"),
            "the policy has no threshold of hate here, so every score holds",
        ),
        (
            "words: {any: {severe: hold}}",
            (2, 23, "words.any.severe"),
            "hold is looser than the policy's block",
        ),
        (
            "words: {image: {mild: release}}",
            (2, 23, "words.image.mild"),
            "release is looser than the policy's hold of image",
        ),
        (
            "unavailable: {violence: {then: retry, seconds: 1}}",
            (2, 25, "unavailable.violence"),
            "retry within 1 s is looser than the policy's hold within 600 s",
        ),
        (
            "unavailable: {spam: {then: retry, seconds: 121}}",
            (2, 21, "unavailable.spam"),
            "retry within 121 s is looser than the policy's retry within 120 s",
        ),
        (
            "reports: {hold_at: 4}",
            (2, 20, "reports.hold_at"),
            "4 reports are more than the policy's 3",
        ),
        (
            "rules: [{name: new, when: 'false', on: [text], then: hold, hazard: spam}]",
            (2, 16, "rules.0.name"),
            "the policy has a rule 'new', and none of its rules can be replaced",
        ),
        (
            "words_told_to_authors: [hate]",
            (2, 1, "words_told_to_authors"),
            "there is no such key here",
        ),
        ("detectors: {}", (2, 1, "detectors"), "there is no such key here"),
        (
            "thresholds: {any: {spam: {}}}",
            (2, 26, "thresholds.any.spam"),
            "say hold_at, block_at, or both",
        ),
    ],
    ids=[
        "a higher hold",
        "a higher block",
        "a threshold where every score holds",
        "a milder word",
        "a word let through",
        "asking again instead of holding",
        "waiting for longer",
        "more reports",
        "another rule of the name",
        "telling more words",
        "other detectors",
        "nothing",
    ],
)
def test_every_way_of_loosening_is_refused_beside_the_policys_own_value(
    source: str, place: tuple[int, int, str], said: str
) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        read_over_the_base(f"name: ours\n{source}")

    mistake = refused.value.mistakes[0]
    assert (mistake.line, mistake.column, mistake.place) == place
    assert said in str(mistake)


def test_what_is_stricter_passes_and_counts() -> None:
    file, marked = tightening.read(
        """
name: ours
thresholds:
  any: {violence: {hold_at: 0.3}}
  image: {violence: {hold_at: 0.1, block_at: 0.5}, spam: {block_at: 0.4}}
words: {text: {mild: hold, strong: block}}
unavailable: {spam: {then: escalate, seconds: 900}, otherwise: {then: retry, seconds: 60}}
reports: {hold_at: 1}
rules:
  - {name: far, when: "audience.region == 'no'", on: [text], then: block, hazard: spam}
"""
    )
    require_tighter(BASE.file, file, marked)

    policy = for_audience(BASE, NOBODY, [file])

    text, image = policy.surfaces["text"], policy.surfaces["image"]
    assert (text.thresholds["violence"].hold_at, text.thresholds["violence"].block_at) == (0.3, 0.9)
    assert image.thresholds["violence"].block_at == 0.5
    assert image.by_detector["eyes"]["violence"].hold_at == 0.1
    assert (image.thresholds["spam"].hold_at, image.thresholds["spam"].block_at) == (0.4, 0.4)
    assert dict(text.words) == {"mild": "hold", "strong": "block", "severe": "block"}
    assert policy.surfaces["prompt"].words["mild"] == "release"
    assert policy.reports_hold_at == 1
    assert [rule.name for rule in policy.rules] == ["new", "far"]
    waits = {key: (one.then, one.seconds) for key, one in policy.waiting.items()}
    assert waits == {
        "otherwise": ("retry", 60),
        "violence": ("hold", 600),
        "spam": ("escalate", 900),
    }


@pytest.mark.parametrize(
    ("audience", "holds_at", "mild"),
    [
        (NOBODY, 0.5, "release"),
        (Audience(rating="children"), 0.2, "release"),
        (Audience(region="de"), 0.5, "release"),
        (Audience(region="de", shown_to="public"), 0.5, "hold"),
        (Audience(region="de", shown_to="public", rating="children"), 0.2, "hold"),
    ],
    ids=["nobody", "children", "half of a match", "both of a match", "two audiences"],
)
def test_every_audience_that_matches_counts(audience: Audience, holds_at: float, mild: str) -> None:
    policy = for_audience(BASE, audience)

    assert policy.surfaces["text"].thresholds["violence"].hold_at == holds_at
    assert policy.surfaces["text"].words["mild"] == mild
    assert (policy is BASE) == (policy.version == BASE.version)


def test_the_source_of_a_tightened_policy_is_read_as_the_same_version() -> None:
    base = parse(BASE.source, lists_digest="lists")
    policy = for_audience(
        base, Audience(rating="children"), [stricter("thresholds: {any: {spam: {hold_at: 0.1}}}")]
    )

    again = parse(policy.source, lists_digest="lists")

    assert again.version == policy.version != base.version
    assert again.surfaces == policy.surfaces
    assert again.rules == policy.rules


def test_a_platform_that_became_stricter_counts_over_what_was_written_before() -> None:
    ours = stricter(
        "thresholds: {any: {violence: {hold_at: 0.4}}}\n"
        "rules: [{name: mine, when: 'true', on: [text], then: hold, hazard: spam}]"
    )
    now = parse(
        BASE.source.replace("hold_at: 0.5", "hold_at: 0.3").replace("name: new", "name: mine")
    )

    policy = for_audience(now, NOBODY, [ours])

    assert policy.surfaces["text"].thresholds["violence"].hold_at == 0.3
    assert [rule.name for rule in policy.rules] == ["mine", "mine (2)"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("name: ours\n# " + "x" * 20_000, "more than 20000"),
        (
            "name: ours\nrules:\n"
            + "".join(
                f"  - {{name: r{n}, when: 'true', on: [text], then: hold, hazard: spam}}\n"
                for n in range(21)
            ),
            "there are 21 rules, more than 20",
        ),
    ],
    ids=["too long", "too many rules"],
)
def test_what_an_organisation_writes_is_bounded(source: str, said: str) -> None:
    with pytest.raises(InvalidPolicy, match=said):
        tightening.read(source)


probabilities = st.floats(0, 1, allow_nan=False)
limits = st.fixed_dictionaries(
    {}, optional={"hold_at": probabilities, "block_at": probabilities}
).filter(lambda one: bool(one) and one.get("hold_at", 0.0) <= one.get("block_at", 1.0))
places = st.sampled_from(["any", "prompt", "text", "image"])
hazards = st.sampled_from(["violence", "spam", "hate"])
actions = st.sampled_from(["release", "hold", "block"])
tighter_files = st.fixed_dictionaries(
    {"name": st.just("ours")},
    optional={
        "thresholds": st.dictionaries(places, st.dictionaries(hazards, limits)),
        "words": st.dictionaries(
            places, st.dictionaries(st.sampled_from(["mild", "strong", "severe"]), actions)
        ),
        "rules": st.lists(
            st.fixed_dictionaries(
                {
                    "name": st.sampled_from(["new", "mine"]),
                    "when": st.sampled_from(
                        ["true", "signals.spam < 0.5", "words.size() > 0", "1 / 0 == 1"]
                    ),
                    "on": st.just(["text", "image"]),
                    "then": st.sampled_from(["hold", "block", "escalate"]),
                    "hazard": st.just("spam"),
                }
            ),
            max_size=2,
        ),
    },
).map(TighteningFile.model_validate)
scores = st.one_of(st.none(), probabilities)
signal_lists = st.lists(
    st.one_of(
        st.builds(
            lambda violence, spam: Signal("words", "w@1", {"violence": violence, "spam": spam}),
            scores,
            scores,
        ),
        st.builds(lambda violence: Signal("eyes", "e@1", {"violence": violence}), scores),
        st.builds(lambda text: Signal("reader", "r@1", text=text), st.sampled_from(["", "hi"])),
        st.just(Signal("words", "w@1", {"gossip": 0.1})),
        st.sampled_from(["words", "eyes", "reader"]).map(
            lambda name: Signal.unavailable(name, "late")
        ),
    ),
    max_size=4,
)
list_hits = st.lists(
    st.builds(
        ListHit,
        st.just("x"),
        hazards,
        st.sampled_from(["mild", "strong", "severe"]),
        st.just("en"),
    ),
    max_size=2,
)
hash_hits = st.lists(
    st.builds(
        HashHit,
        st.sampled_from(["sha256", "pdq"]),
        st.sampled_from(["allow", "hold", "block"]),
        st.just("aa"),
    ),
    max_size=2,
)
contexts = st.one_of(
    st.none(),
    st.just(Context()),
    st.builds(
        lambda age, rating: Context(Author(age), Lineage(), Audience(rating=rating)),
        st.floats(0, 10),
        st.sampled_from(["", "children"]),
    ),
)


@given(
    file=tighter_files,
    surface=st.sampled_from(["prompt", "text", "image"]),
    signals=signal_lists,
    words=list_hits,
    hashes=hash_hits,
    context=contexts,
)
def test_a_tightened_policy_never_decides_milder_than_its_base(
    file: TighteningFile,
    surface: Surface,
    *,
    signals: list[Signal],
    words: list[ListHit],
    hashes: list[HashHit],
    context: Context | None,
) -> None:
    audience = NOBODY if context is None else context.audience
    tighter = for_audience(BASE, audience, [file])

    def rank(policy: Policy) -> int:
        decision = evaluate(
            policy,
            surface=surface,
            signals=signals,
            list_hits=words,
            hash_hits=hashes,
            context=context,
        )
        return RANK[Verdict(decision.verdict)]

    assert rank(tighter) >= rank(BASE)
