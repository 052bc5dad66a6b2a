"""Learn how English letters sound from misaki's dictionaries, for words that are in none.

Letters and sounds are aligned by counting and re-aligning (a few rounds of Viterbi), then every
letter's sounds are counted in ever wider contexts; a context is kept where it says something else
than the next narrower one. Run as `python -m generation.training.letters OUT.json.gz`; prints the
share of words and sounds that are right on words held out.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

_SERVING = Path(__file__).parents[1] / "serving" / "kokoro_speech" / "1"
sys.path.insert(0, str(_SERVING))

from letters import CONTEXTS, LetterSounds, context_key  # noqa: E402

Pair = tuple[str, str]
_LONGEST = 3
_STRESSES = "ˈˌ"
_ROUNDS = 4
_HELD_OUT = 50
_SHORTEST = 3
_NARROW = 2


def words() -> list[Pair]:
    """Every lower-case word of the American dictionaries with its sounds."""
    spec = importlib.util.find_spec("misaki")
    if spec is None or spec.origin is None:
        raise SystemExit("misaki is not installed: run this with the serving environment")
    folder = Path(spec.origin).parent / "data"
    found: dict[str, str] = {}
    for name in ("us_silver.json", "us_gold.json"):
        for word, said in json.loads((folder / name).read_text("utf-8")).items():
            sounds = said if isinstance(said, str) else said.get("DEFAULT")
            lower = word.lower()
            if sounds and lower.isascii() and lower.isalpha() and len(lower) >= _SHORTEST:
                found[lower] = sounds
    return sorted(found.items())


def units(sounds: str) -> list[str]:
    """The sounds with each stress mark joined to the sound after it."""
    joined: list[str] = []
    mark = ""
    for sound in sounds:
        if sound in _STRESSES:
            mark = sound
        else:
            joined.append(mark + sound)
            mark = ""
    return joined


def align(word: str, sounds: list[str], cost: Mapping[Pair, float]) -> list[str] | None:
    """The cheapest way to give each letter 0 to 3 of the sounds, in order, or None."""
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for letter in word:
        row: dict[int, tuple[float, int]] = {}
        for used, (total, _) in best[-1].items():
            for length in range(min(_LONGEST, len(sounds) - used) + 1):
                chunk = "".join(sounds[used : used + length])
                price = total + cost.get((letter, chunk), 14.0 + 4 * length)
                if used + length not in row or price < row[used + length][0]:
                    row[used + length] = (price, used)
        best.append(row)
    if len(sounds) not in best[-1]:
        return None
    chunks: list[str] = []
    end = len(sounds)
    for row in reversed(best[1:]):
        start = row[end][1]
        chunks.append("".join(sounds[start:end]))
        end = start
    return chunks[::-1]


def learn(pairs: Iterable[Pair], *, at_least: int) -> dict[str, str]:
    """The table of contexts; a context needs `at_least` sightings."""
    known = [(word, units(sounds)) for word, sounds in pairs]
    cost: dict[Pair, float] = {}
    for word, sounds in known:  # the first guess: sounds spread evenly over the letters
        for at, letter in enumerate(word):
            begin, end = at * len(sounds) // len(word), (at + 1) * len(sounds) // len(word)
            chunk = "".join(sounds[begin:end])
            cost[letter, chunk] = cost.get((letter, chunk), 0) + 1
    cost = _costs(cost)
    aligned: list[tuple[str, list[str]]] = []
    for _ in range(_ROUNDS):
        aligned = [(w, c) for w, s in known if (c := align(w, s, cost)) is not None]
        seen = Counter(pair for word, chunks in aligned for pair in zip(word, chunks, strict=True))
        cost = _costs(seen)
    return _contexts(aligned, at_least)


def _costs(counts: Mapping[Pair, float]) -> dict[Pair, float]:
    totals: Counter[str] = Counter()
    for (letter, _), count in counts.items():
        totals[letter] += int(count)
    return {pair: -math.log(n / totals[pair[0]]) for pair, n in counts.items()}


def _contexts(aligned: list[tuple[str, list[str]]], at_least: int) -> dict[str, str]:
    """From the narrowest context to the widest; one that says nothing new is left out."""
    table: dict[str, str] = {}
    for left, right in reversed(CONTEXTS):
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        without: dict[str, str] = {}
        for word, chunks in aligned:
            for at, chunk in enumerate(chunks):
                key = context_key(word, at, left, right)
                counts[key][chunk] += 1
                without.setdefault(key, _lookup(table, word, at))
        for key, seen in counts.items():
            chunk, count = seen.most_common(1)[0]
            enough = count >= (at_least if left + right > _NARROW else 1)
            if enough and without[key] != chunk:
                table[key] = chunk
    return table


def _lookup(table: Mapping[str, str], word: str, at: int) -> str:
    for left, right in CONTEXTS:
        known = table.get(context_key(word, at, left, right))
        if known is not None:
            return known
    return ""


def _distance(first: str, second: str) -> int:
    """How many sounds have to be changed, put in or left out."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        previous, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def main() -> None:
    """Learn, measure on words held out, learn again on all, and write the table."""
    parser = argparse.ArgumentParser(description="Learn how English letters sound.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--at-least", type=int, default=3, help="sightings a wide context needs")
    options = parser.parse_args()
    pairs = words()
    held_out = pairs[::_HELD_OUT]
    learnt = LetterSounds(learn(sorted(set(pairs) - set(held_out)), at_least=options.at_least))
    right = wrong_sounds = all_sounds = 0
    for word, sounds in held_out:
        plain, said = (
            "".join(c for c in s if c not in _STRESSES) for s in (sounds, learnt.spell(word) or "")
        )
        right += plain == said
        wrong_sounds += _distance(plain, said)
        all_sounds += len(plain)
    print(f"{len(pairs)} words, {len(held_out)} held out")
    print(f"words right (stress aside): {right / len(held_out):.1%}")
    print(f"sounds wrong: {wrong_sounds / all_sounds:.1%}")
    table = learn(pairs, at_least=options.at_least)
    data = json.dumps(table, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    options.out.write_bytes(gzip.compress(data, mtime=0))
    print(f"{len(table)} rules, {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
