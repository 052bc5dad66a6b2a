"""What is put together around texts is byte for byte what the canonical form is."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tidegate.audit import canonical
from tidegate.audit.models import Entry
from tidegate.audit.reading import digest_of
from tidegate.primitives.ids import new_id

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
DOCUMENT = st.none() | st.dictionaries(TEXT, PLAIN, max_size=4)
MOMENT = st.datetimes(
    # Hypothesis wants the limits without a zone.
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(st.lists(TEXT, min_size=8, max_size=8), DOCUMENT, DOCUMENT, MOMENT)
def test_an_entry_hashes_to_the_same_either_way(
    words: list[str], before: Any, after: Any, at: datetime
) -> None:
    chain, action, kind, actor, label, of, subject, reason = words
    entry = Entry(
        id=new_id(),
        chain=chain,
        seq=7,
        at=at,
        action=action,
        actor_kind=kind,
        actor_id=actor,
        actor_label=label,
        subject_type=of,
        subject_id=subject,
        before=before,
        after=after,
        reason=reason,
        correlation_id=new_id(),
        prev_hash=canonical.GENESIS,
    )
    row = (
        chain,
        7,
        canonical.GENESIS.hex(),
        "",
        str(entry.id),
        canonical.timestamp(at),
        action,
        kind,
        actor,
        label,
        of,
        subject,
        None if before is None else json.dumps(before, ensure_ascii=False),
        None if after is None else json.dumps(after),
        reason,
        str(entry.correlation_id),
    )
    assert digest_of(row) == canonical.digest(entry.document()).hex()
