"""How long a look into full hash banks takes: `pytest -s tests/benchmarks/hash_banks.py`.

Pictures and texts of TIDEGATE_HASHES (100,000) random entries each, looked up with 31 bits flipped,
and films of ten pictures, a tenth as many.
"""

import os
import random
from collections.abc import Callable
from statistics import median
from time import perf_counter

import pytest
from django.db import connection

from moderation.app.fingerprints import listed, listed_films
from moderation.core.decisions import HashHit
from moderation.core.film_hashes import Frame
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
_FILMS = """
WITH film AS (
    INSERT INTO moderation_hash_entry
        (id, bank_id, kind, value, hazard, reason, source, tags, paused_because, paused_by_fuse)
    SELECT gen_random_uuid(), bank.id, 'vpdq', encode(sha256(('film' || number)::bytea), 'hex'),
           '', 'x', '', '[]', '', false
    FROM moderation_hash_bank AS bank, generate_series(1, %s) AS number
    WHERE bank.name = 'hold' RETURNING id, value
)
INSERT INTO moderation_hash_frame (id, entry_id, value, quality, at_ms)
SELECT gen_random_uuid(), film.id, encode(sha256((film.value || at)::bytea), 'hex'), 100, at * 1000
FROM film, generate_series(0, 9) AS at
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
        cursor.execute(_FILMS, [ENTRIES // 10])
        print(f"\nfilled in {perf_counter() - started:.1f} s")
        cursor.execute("SELECT value FROM moderation_hash_entry WHERE kind = 'pdq' LIMIT 50")
        values = [value for (value,) in cursor.fetchall()]
        cursor.execute(
            "SELECT array_agg(value) FROM moderation_hash_frame GROUP BY entry_id LIMIT 20"
        )
        films = {str(number): frames for number, (frames,) in enumerate(cursor.fetchall())}
    for state in ("without statistics", "with statistics"):
        if state == "with statistics":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE moderation_hash_entry, moderation_hash_frame")
        looks = [_near(value) for value in values]
        _figures(f"picture, {state}", lambda look: listed(content="x", look=look), looks)
        texts = [_text(number) for number in range(50)]
        _figures(f"text, {state}", lambda text: listed(content="x", text=text), texts)
        _figures(f"bytes, {state}", lambda one: listed(content="x", sha256s=[one]), values)
        _figures(f"film, {state}", lambda film: _film(films[film]), list(films))
    assert all(listed(content="x", look=look) for look in looks)
    assert all(_film(frames) for frames in films.values())
    _figures("picture, by a scan", _scan, looks[:10])


def _near(value: str) -> str:
    number = int(value, 16)
    for bit in random.Random(value).sample(range(256), MATCH_DISTANCE):
        number ^= 1 << bit
    return f"{number:064x}"


def _film(frames: list[str]) -> list[HashHit]:
    seen = [Frame(_near(value), 100, float(at)) for at, value in enumerate(frames)]
    return listed_films(content="x", frames=seen)


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
