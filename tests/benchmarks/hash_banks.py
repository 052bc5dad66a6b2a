"""How long a look into full hash banks takes: `pytest -s tests/benchmarks/hash_banks.py`.

Pictures and texts of TIDEGATE_HASHES (100,000) random entries each, looked up with 31 bits flipped.
"""

import os
import random
from collections.abc import Callable
from statistics import median
from time import perf_counter

import pytest
from django.db import connection

from moderation.app.fingerprints import listed
from moderation.core.hashes import MATCH_DISTANCE

pytestmark = [pytest.mark.django_db, pytest.mark.benchmark]

ENTRIES = int(os.environ.get("TIDEGATE_HASHES", "100000"))
_FILL = """
INSERT INTO moderation_hash_entry
    (id, bank_id, kind, value, hazard, reason, source, tags, paused_because, paused_by_fuse)
SELECT gen_random_uuid(), bank.id, kind, encode(sha256((kind || number)::bytea), 'hex'),
       '', 'x', '', '[]', '', false
FROM moderation_hash_bank AS bank, generate_series(1, %s) AS number,
     unnest(ARRAY['pdq', 'simhash', 'sha256']) AS kind
WHERE bank.name = 'hold'
"""
_BANK = """
INSERT INTO moderation_hash_bank (id, name, effect, enabled_share)
VALUES (gen_random_uuid(), 'hold', 'hold', 1.0) ON CONFLICT DO NOTHING
"""
_SCAN = """
SELECT value FROM moderation_hash_entry
WHERE kind = 'pdq' AND bit_count(('x' || value)::bit(256) # ('x' || %s)::bit(256)) <= 31
"""


def test_a_look_into_full_banks() -> None:
    started = perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(_BANK)
        cursor.execute(_FILL, [ENTRIES])
        print(f"\nfilled in {perf_counter() - started:.1f} s")
        cursor.execute("SELECT value FROM moderation_hash_entry WHERE kind = 'pdq' LIMIT 50")
        values = [value for (value,) in cursor.fetchall()]
    for state in ("without statistics", "with statistics"):
        if state == "with statistics":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE moderation_hash_entry")
        looks = [_near(value) for value in values]
        _figures(f"picture, {state}", lambda look: listed(content="x", look=look), looks)
        texts = [_text(number) for number in range(50)]
        _figures(f"text, {state}", lambda text: listed(content="x", text=text), texts)
        _figures(f"bytes, {state}", lambda one: listed(content="x", sha256s=[one]), values)
    assert all(listed(content="x", look=look) for look in looks)
    _figures("picture, by a scan", _scan, looks[:10])


def _near(value: str) -> str:
    number = int(value, 16)
    for bit in random.Random(value).sample(range(256), MATCH_DISTANCE):
        number ^= 1 << bit
    return f"{number:064x}"


def _text(number: int) -> str:
    words = ("harbour", "fog", "net", "boat", "storm", "market", "gate", "price", "child", "fish")
    return " ".join(random.Random(number).choices(words, k=60))


def _scan(look: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SCAN, [look])
        cursor.fetchall()


def _figures(name: str, call: Callable[[str], object], given: list[str]) -> None:
    call(given[0])
    taken = []
    for one in given:
        started = perf_counter()
        call(one)
        taken.append((perf_counter() - started) * 1e3)
    print(f"{name:32} median {median(taken):6.1f} ms, most {max(taken):6.1f} ms")
