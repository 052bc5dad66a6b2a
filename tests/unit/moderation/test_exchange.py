"""Lists of hashes in the form of ThreatExchange."""

import json
from datetime import UTC, datetime

import pytest

from moderation.core import exchange, film_hashes
from moderation.core.exchange import Descriptor, Form, InvalidList
from moderation.core.film_hashes import Frame

A, B = "ab" * 32, "cd" * 32
FILM = (Frame(A, 100, 0.0), Frame(B, 50, 1.5))
HEAD = "raw_indicator,type,status,tags,owner,description,expire_time\n"
ENTRIES = [
    Descriptor(
        line=2,
        kind="pdq",
        value=A,
        hazard="violence",
        tags=("media_type_photo", "鱼"),
        owner="A partner, and sons",
        description='Seen in "the" wild,\nand elsewhere',
        expires_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
    ),
    Descriptor(line=4, kind="sha256", value=A),
    Descriptor(line=5, kind="text", value=B),
    Descriptor(line=6, kind="simhash", value=B),
    Descriptor(line=7, kind="vpdq", value=film_hashes.digest(FILM), frames=FILM),
]


@pytest.mark.parametrize("form", exchange.FORMS)
@pytest.mark.parametrize("effect", ["block", "hold", "allow"])
def test_what_was_written_is_read_again(form: Form, effect: str) -> None:
    read = exchange.read(exchange.write(ENTRIES, form, effect=effect), form, effect=effect)
    without_lines = [(one.kind, one.value, one.hazard, one.tags, one.owner) for one in ENTRIES]
    assert [(one.kind, one.value, one.hazard, one.tags, one.owner) for one in read] == without_lines
    assert [one.description for one in read] == [one.description for one in ENTRIES]
    assert [one.expires_at for one in read] == [one.expires_at for one in ENTRIES]
    assert [one.frames for one in read] == [one.frames for one in ENTRIES]


def test_an_answer_of_the_graph_api_is_read_as_it_comes() -> None:
    text = json.dumps(
        {
            "data": [
                {
                    "id": "3058061737574159",
                    "raw_indicator": A.upper(),
                    "type": "HASH_PDQ",
                    "owner": {"id": "616912251743987", "name": "A partner"},
                    "status": "MALICIOUS",
                    "tags": {"data": [{"id": "1", "text": "one"}, {"id": "2", "text": "two"}]},
                    "added_on": "2020-07-01T18:31:15+0000",
                    "expire_time": 1893553445,
                    "description": None,
                },
                {"indicator": B, "type": "HASH_SHA256", "tags": None},
            ],
            "paging": {},
        }
    )
    first, second = exchange.read(text, "json", effect="block")
    assert (first.kind, first.value, first.tags, first.owner) == (
        "pdq",
        A,
        ("one", "two"),
        "A partner",
    )
    assert first.expires_at == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (second.kind, second.value, second.line) == ("sha256", B, 2)


@pytest.mark.parametrize(
    ("row", "field", "says"),
    [
        (f"{A},HASH_MD5,,,,,", "type", "HASH_MD5 is not supported"),
        (f"{A},,,,,,", "type", "nothing is not supported"),
        ("ab,HASH_PDQ,,,,,", "raw_indicator", "64 hexadecimal digits"),
        (f"{'xy' * 32},HASH_PDQ,,,,,", "raw_indicator", "64 hexadecimal digits"),
        (f"{A},HASH_PDQ,BAD,,,,", "status", "'BAD' is none of"),
        (f"{A},HASH_PDQ,NON_MALICIOUS,,,,", "status", "does not belong"),
        (f"{A},HASH_PDQ,UNKNOWN,,,,", "status", "does not belong"),
        (f"{A},HASH_PDQ,,hazard:boredom,,,", "tags", "at most one of"),
        (f"{A},HASH_PDQ,,hazard:hate;hazard:spam,,,", "tags", "at most one of"),
        (f"{A},HASH_PDQ,,{'x' * 65},,,", "tags", "64 characters"),
        (f"{A},HASH_PDQ,,,{'x' * 201},,", "owner", "200 characters"),
        (f"{A},HASH_PDQ,,,,{'x' * 2001},", "description", "2000 characters"),
        (f"{A},HASH_PDQ,,,,,soon", "expire_time", "no moment"),
        (f"{A},HASH_PDQ,,,,,2030-01-01", "expire_time", "no time zone"),
        (f"{A},HASH_PDQ,,,,,{'9' * 40}", "expire_time", "no moment"),
        (f"{B},HASH_SHA256,,,,,", "raw_indicator", "stands in line 2 already"),
        (f"{A},HASH_PDQ,,,,,,too,many", "type", "more fields than columns"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_wrong(row: str, field: str, says: str) -> None:
    text = f"{HEAD}{B},HASH_SHA256,MALICIOUS,,,,\n{row}\n"
    with pytest.raises(InvalidList) as error:
        exchange.read(text, "csv", effect="block")
    (fault,) = error.value.faults
    assert (fault.line, fault.field) == (3, field)
    assert says in fault.message


@pytest.mark.parametrize(
    ("form", "text", "line", "says"),
    [
        ("csv", "", 1, "names the columns"),
        ("csv", "hash,kind\n", 1, "names the columns"),
        ("csv", HEAD, 1, "empty"),
        ("csv", f'{HEAD}"{A},HASH_PDQ', 2, "no CSV"),
        ("json", "[", 1, "no JSON"),
        ("json", "[" * 100_000, 1, "no JSON"),
        ("json", "{}", 1, "a list of descriptors"),
        ("json", "[1]", 1, "an object"),
        ("json", '[{"type": 1}]', 1, "a text is needed"),
        ("json", f'[{{"type": "HASH_PDQ", "raw_indicator": "{A}", "tags": 1}}]', 1, "a list"),
        ("json", f'[{{"type": "HASH_PDQ", "raw_indicator": "{A}", "expire_time": true}}]', 1, "no"),
        ("json", f'[{{"type": "HASH_PDQ", "raw_indicator": "{A}", "owner": "\\u0000"}}]', 1, "NUL"),
        (
            "json",
            f'[{{"type": "HASH_PDQ", "raw_indicator": "{A}", "owner": "\\ud800"}}]',
            1,
            "half",
        ),
    ],
)
def test_a_list_that_is_none_is_refused(form: Form, text: str, line: int, says: str) -> None:
    with pytest.raises(InvalidList) as error:
        exchange.read(text, form, effect="block")
    assert error.value.faults[0].line == line
    assert says in error.value.faults[0].message


def test_every_wrong_line_is_named_at_once() -> None:
    with pytest.raises(InvalidList) as error:
        exchange.read(
            f"{HEAD}x,HASH_PDQ,,,,,\n{A},HASH_PDQ,,,,,\ny,HASH_PDQ,,,,,\n", "csv", effect="hold"
        )
    assert [fault.line for fault in error.value.faults] == [2, 4]
