"""Language models by catalogue entry: one with its weights here, one behind a chat server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from generation.core.structured.answers import check_answer
from generation.core.triton import (
    Cancelled,
    DeadlineExceeded,
    Done,
    Generator,
    GeneratorUnavailable,
    InvalidRequest,
)
from tests.fakes.chat_server import ChatServerFake, Script
from tests.integration.serving.backends import (
    PROMPT,
    ask,
    build,
    entry,
    number,
    serving,
    text_of,
    words,
)

pytestmark = pytest.mark.triton

SCHEMA = {"name": "json_schema", "type": "schema", "description": "form", "optional": True}
SAMPLING = [number("max_tokens", 24), number("temperature", 1.0), words("system"), SCHEMA]
CARD = {
    "type": "object",
    "required": ["kind", "count"],
    "properties": {
        "kind": {"enum": ["boat", "lamp"], "description": "what it is"},
        "count": {"type": "integer", "minimum": 1, "maximum": 99},
    },
}
LLAMA = entry(
    "llama",
    "transformers_text",
    "text",
    {
        "source": "llama",
        "prompt_tokens": 300,
        "adapters": [{"name": "terse", "source": "llama-lora", "weight": 2.0}],
    },
    [*SAMPLING, number("top_k", 50), words("adapter", "terse")],
)
REMOTE = entry(
    "remote",
    "openai_compatible",
    "text",
    {
        "model": "served/model",
        "base_url_env": "TEST_CHAT_URL",
        "api_key_env": "TEST_CHAT_KEY",
        "retries": 2,
        "silence_seconds": 30,
        "extra_body": {"chat_template_kwargs": {"enable_thinking": False}},
    },
    SAMPLING,
)


@pytest.fixture(scope="module")
def remote() -> Iterator[ChatServerFake]:
    with ChatServerFake() as fake:
        yield fake


@pytest.fixture(scope="module")
def address(remote: ChatServerFake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = build(tmp_path_factory.mktemp("texts"), "llama")
    environment = {"TEST_CHAT_URL": remote.url, "TEST_CHAT_KEY": "sk-test"}
    with serving(folder, LLAMA, REMOTE, environment=environment) as server:
        yield server.grpc_url


@pytest.fixture
def generator(address: str, remote: ChatServerFake) -> Iterator[Generator]:
    remote.script = Script()
    remote.bodies.clear()
    remote.keys.clear()
    remote.left_early.clear()
    with Generator(address) as generator:
        yield generator


def test_text_is_streamed_and_the_same_seed_says_the_same(generator: Generator) -> None:
    first, again, other = (ask(generator, "llama", seed=seed) for seed in (2**62, 2**62, 8))
    assert len(first) > 3
    assert text_of(first) == text_of(again) != text_of(other)


def test_an_answer_fits_its_schema_even_from_random_weights(generator: Generator) -> None:
    asked: dict[str, Any] = {"json_schema": CARD, "max_tokens": 60, "top_k": 5}
    said = [text_of(ask(generator, "llama", seed=seed, **asked)) for seed in (1, 1, 2)]
    assert said[0] == said[1]
    for text in said:
        check_answer(CARD, text)


def test_without_temperature_the_seed_does_not_matter(generator: Generator) -> None:
    said = {text_of(ask(generator, "llama", seed=seed, temperature=0)) for seed in (1, 2)}
    assert len(said) == 1


def test_a_text_that_reaches_its_limit_says_so(generator: Generator) -> None:
    done = ask(generator, "llama", max_tokens=3)[-1]
    assert isinstance(done, Done)
    assert done.finish_reason == "length"


def test_an_adapter_changes_the_text_and_is_off_again_afterwards(generator: Generator) -> None:
    plain = text_of(ask(generator, "llama", temperature=0))
    assert text_of(ask(generator, "llama", temperature=0, adapter="terse")) != plain
    assert text_of(ask(generator, "llama", temperature=0)) == plain


def test_control_tokens_that_a_person_writes_are_spelled_and_end_nothing(
    generator: Generator,
) -> None:
    # Spelled, the same prompt has more tokens than the entry lets the model read.
    with pytest.raises(InvalidRequest, match=r"prompt has \d+ tokens; this model reads 300"):
        ask(generator, "llama", "<|im_end|>" * 35)


def test_what_the_system_says_changes_the_text(generator: Generator) -> None:
    plain = text_of(ask(generator, "llama", temperature=0))
    assert text_of(ask(generator, "llama", temperature=0, system="Speak as a gull.")) != plain


def test_a_cancelled_text_stops_and_the_next_one_is_written(generator: Generator) -> None:
    seen: list[object] = []
    stream = generator.stream(
        model="llama",
        prompt=PROMPT,
        parameters={"max_tokens": 1000},
        seed=1,
        deadline_seconds=120,
        cancelled=lambda: len(seen) > 1,
    )
    with pytest.raises(Cancelled):
        seen.extend(stream)
    assert ask(generator, "llama", max_tokens=2, deadline_seconds=60)


def test_a_remote_server_is_told_the_schema_as_it_knows_it(
    generator: Generator, remote: ChatServerFake
) -> None:
    ask(generator, "remote", json_schema=CARD)
    (body,) = remote.bodies
    form = body["response_format"]
    assert (form["type"], form["json_schema"]["strict"]) == ("json_schema", True)
    assert form["json_schema"]["schema"] == CARD | {"additionalProperties": False}
    assert "- kind: what it is (one of boat, lamp)" in body["messages"][0]["content"]


def test_a_remote_server_is_asked_with_the_key_of_the_environment(
    generator: Generator, remote: ChatServerFake
) -> None:
    pieces = ask(generator, "remote", seed=2**63 - 1, max_tokens=7, system="Be brief.")
    assert text_of(pieces) == "The tide turns."
    assert remote.keys == ["Bearer sk-test"]
    assert remote.bodies == [
        {
            "model": "served/model",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": PROMPT},
            ],
            "max_tokens": 7,
            "temperature": 1.0,
            "seed": 2**63 - 1,
            "stream": True,
            "chat_template_kwargs": {"enable_thinking": False},
        }
    ]


@pytest.mark.parametrize("statuses", [[503], [429, 502]])
def test_what_heals_is_tried_again_before_the_first_word(
    generator: Generator, remote: ChatServerFake, statuses: list[int]
) -> None:
    remote.script = Script(statuses=list(statuses))
    assert text_of(ask(generator, "remote")) == "The tide turns."
    assert len(remote.bodies) == len(statuses) + 1


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (Script(statuses=[503] * 3), GeneratorUnavailable, "503"),
        (Script(statuses=[401]), GeneratorUnavailable, "401"),
        (Script(statuses=[400]), InvalidRequest, "as the test wants"),
        (Script(finish=None), GeneratorUnavailable, "without saying that it was done"),
        (Script(finish="content_filter"), InvalidRequest, "own filter"),
        (
            Script(event_before_end={"error": {"message": "out of memory"}}),
            GeneratorUnavailable,
            "out of memory",
        ),
    ],
)
def test_a_remote_failure_says_whether_another_try_may_help(
    generator: Generator,
    remote: ChatServerFake,
    script: Script,
    error: type[Exception],
    words: str,
) -> None:
    remote.script = script
    with pytest.raises(error, match=words):
        ask(generator, "remote")


def test_a_cancelled_request_is_cancelled_at_the_remote_server_while_it_is_silent(
    generator: Generator, remote: ChatServerFake
) -> None:
    remote.script = Script(words=["."] * 1000, pause_seconds=0.2)
    seen: list[object] = []
    with pytest.raises(Cancelled):
        seen.extend(
            generator.stream(
                model="remote",
                prompt=PROMPT,
                parameters={},
                seed=1,
                deadline_seconds=120,
                cancelled=lambda: bool(seen),
            )
        )
    assert remote.left_early.wait(30)


def test_a_request_over_its_time_is_left(generator: Generator, remote: ChatServerFake) -> None:
    remote.script = Script(words=["."] * 1000, pause_seconds=0.2)
    with pytest.raises(DeadlineExceeded):
        ask(generator, "remote", deadline_seconds=2)
    assert remote.left_early.wait(30)


def test_the_remote_server_is_asked_by_many_at_a_time(
    generator: Generator, remote: ChatServerFake
) -> None:
    remote.script = Script(words=["slow ", "words"], pause_seconds=1.0)
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(ask, generator, "remote", f"{n}") for n in range(8)]
        assert {text_of(future.result()) for future in futures} == {"slow words"}
    assert {body["messages"][0]["content"] for body in remote.bodies} == {str(n) for n in range(8)}
