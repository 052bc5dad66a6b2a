"""`python -m tests.benchmarks.moderation.own_detectors`: what detectors of this process cost.

Personal data in texts, and spam over 100,000 outputs of which the busiest author made a thousand
within the hour, in a database of their own.
"""

import sys
import time
from collections.abc import Callable
from functools import partial

from django.db import connection, transaction
from rich.console import Console

from moderation.core import personal_data, spam
from tests.benchmarks.figures import Result, Target, percentile, print_summary
from tests.benchmarks.stand import Stand
from tidegate.primitives.ids import new_id

_OUTPUTS = 100_000
_OF_ONE = 1_000
_TEXTS = {
    "prompt_en": "a calm harbour at dawn, oil painting, warm light, by a lake with two boats, 4k",
    "prompt_zh": "一只猫在窗台上晒太阳，水彩画，温暖的光线，高清，2024年的夏天",
    "prompt_found": "to jane.doe@example.com, phone +1 415 555 2671, card 4242 4242 4242 4242",
    "text_2000": "Still water lies in the harbour, and 12 boats of 1998 sleep in it. " * 30,
}
_ASSETS = """
INSERT INTO assets_asset (id, organisation_id, project_id, owner_id, job_id, output_index, modality,
       title, prompt, text, media_type, visibility, visibility_version, reasons, public_reasons,
       seed, model_name, model_version, parameters, correlation_id, created_at)
SELECT gen_random_uuid(), organisation_id, project_id, (%s::uuid[])[1 + number %% %s],
       gen_random_uuid(), 0, modality, title, prompt, text, media_type, 'pending', 1, reasons,
       public_reasons, seed, model_name, model_version, parameters, correlation_id,
       created_at - number * interval '1 millisecond'
  FROM assets_asset, generate_series(1, %s) AS number WHERE id = %s
"""
_VERDICTS = """
INSERT INTO moderation_verdict (id, asset_id, event_id, signals, created_at, verdict, reasons,
       hazards, hash_hits, pdq, simhash, policy_version, policy_id, judged_in_ms)
SELECT gen_random_uuid(), asset.id, gen_random_uuid(), one.signals, one.created_at, one.verdict,
       one.reasons, one.hazards, one.hash_hits, repeat(md5(random()::text), 2),
       repeat(md5(random()::text), 2), one.policy_version, one.policy_id, one.judged_in_ms
  FROM moderation_verdict AS one, assets_asset AS asset WHERE one.id = %s AND asset.id <> %s
"""


def main() -> int:
    """Measure, print, write `var/bench/own_detectors.json`. A missed promise is no failure."""
    with Stand.of_database() as stand:
        result = measure()
        result.write(stand.folder)
    console = Console(highlight=False)
    result.print(console)
    print_summary(console, [result])
    return 0


def measure() -> Result:
    """Return milliseconds; the database is there."""
    figures: dict[str, float] = {}
    for name, text in _TEXTS.items():
        figures |= _timed(f"personal_data_{name}", partial(personal_data.judge, text), 2_000)
    figures |= _spam()
    return Result(
        "own_detectors",
        figures,
        [
            Target(
                "personal data in a prompt, p50 (ms)",
                0.2,
                figures["personal_data_prompt_en_p50_ms"],
            ),
            Target("spam over 100,000 outputs, p50 (ms)", 10.0, figures["spam_busiest_p50_ms"]),
        ],
    )


def _spam() -> dict[str, float]:
    # Only now: these modules need Django, which needs the database's address.
    from moderation.app import engine as engines
    from moderation.app.judging import judge_asset
    from moderation.app.selectors.earlier import earlier_outputs, request_of
    from moderation.app.services import record_verdict
    from moderation.core import policy as policies
    from moderation.core import wordlists
    from tests.factories import make_asset, make_user
    from tests.fakes.detectors import FakeDetectors
    from tidegate.assets.models import Asset

    words = wordlists.load()
    policy = policies.load(lists_digest=words.digest)
    engine = engines.build(policy=policy, words=words, detectors=FakeDetectors())
    asset = make_asset(visibility="pending", prompt="a calm harbour", text="Still water. " * 40)
    one = record_verdict(
        asset_id=asset.pk,
        event_id=new_id(),
        judgement=judge_asset(asset, engine),
        correlation_id=asset.correlation_id,
    )
    authors = [make_user().pk for _ in range(_OUTPUTS // _OF_ONE)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ASSETS, [authors, len(authors), _OUTPUTS, asset.pk])
        cursor.execute(_VERDICTS, [one.pk, asset.pk])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE assets_asset, moderation_verdict")
    busiest = Asset.objects.filter(owner_id=authors[0]).latest("created_at")
    limits = engine.configuration.spam_limits
    found = len(earlier_outputs([busiest], seconds=limits.seconds)[busiest.pk])
    if found != _OF_ONE - 1 or Asset.objects.count() != _OUTPUTS + 1:
        raise RuntimeError(f"{found} outputs of one author")

    def judge(of: Asset) -> None:
        spam.judge(
            pdq="0" * 64,
            simhash="0" * 64,
            request=request_of(of),
            earlier=earlier_outputs([of], seconds=limits.seconds)[of.pk],
            limits=limits,
        )

    return {
        "spam_outputs_count": Asset.objects.count(),
        **_timed("spam_busiest", lambda: judge(busiest), 100),
        **_timed("spam_newcomer", lambda: judge(asset), 100),
    }


def _timed(name: str, work: Callable[[], object], times: int) -> dict[str, float]:
    work()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1_000)
    return {f"{name}_p50_ms": percentile(taken, 0.5), f"{name}_p95_ms": percentile(taken, 0.95)}


if __name__ == "__main__":
    sys.exit(main())
