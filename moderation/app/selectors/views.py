"""What readers of the gate are given: frozen values, never rows to write through."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from moderation.core.care import Manner
from moderation.core.marking import Segment
from tidegate.assets.models import Asset, Move


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """A case as a line of the queue.

    `state` is what a reviewer would call it: a claim whose lease ran out reads "open".
    """

    id: UUID
    asset_id: UUID
    organisation_id: UUID
    modality: str
    title: str
    prompt: str
    state: str
    because: str
    severity: int
    hazards: tuple[str, ...]
    report_count: int
    report_weight: float
    opened_at: datetime
    holder: str
    lease_expires_at: datetime | None
    is_mine: bool
    is_own_asset: bool
    outcome: str
    reason: str
    decided_by: str
    decided_at: datetime | None
    due_at: datetime | None
    due_under: str
    is_late: bool
    desk: str
    queue: str


@dataclass(frozen=True, slots=True)
class CasePage:
    """Some cases, and the cursor of the next ones; None at the end."""

    cases: tuple[CaseSummary, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """The head of the queue. `oldest_opened_at` is the age of the longest waiting case.

    `kept` are cases that wait for others, as the viewer opted out of what they are about.
    """

    open: int
    kept: int
    claimed: int
    mine: int
    unavailable: int
    overdue: int
    late: int
    reported: int
    decided_today: int
    oldest_opened_at: datetime | None


@dataclass(frozen=True, slots=True)
class Score:
    """One probability (0..1) with the thresholds it was measured against.

    `level` is "release", "hold" or "block": what this score alone would have led to. `seconds` is
    the moment of a film that it is about, None elsewhere.
    """

    detector: str
    version: str
    hazard: str
    score: float
    hold_at: float | None
    block_at: float | None
    level: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class SurfaceEvidence:
    """What was seen on one surface.

    `text` is the prompt, the text, or what was read in the picture or heard in the recording;
    `read_as` is what it says under its disguise, empty where it wears none, and `scores` are the
    higher of both; `outages` maps a detector that did not answer to the reason; `segments` are
    `text` in pieces, each with the numbers of the reasons that stand in it.
    """

    surface: str
    verdict: str
    text: str
    read_as: str
    scores: tuple[Score, ...]
    words: tuple[Mapping[str, Any], ...]
    outages: Mapping[str, str]
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """A reason of the verdict, beside what of the policy it rests on.

    Attributes:
        number: by which marks in texts and boxes in pictures refer to it.
        rule: see `Reason.rule`; `text` is the clause: a condition, or a threshold with its place.
        detail: what was found, where that is not the clause itself: a listed word, an outage.
        boxes: left, top, width, height in hundredths of the picture.
        seconds: the moment of a film; None elsewhere.
    """

    number: int
    surface: str
    hazard: str
    rule: str
    detector: str
    verdict: str
    score: float | None
    text: str
    detail: str
    entry: str
    boxes: tuple[tuple[float, float, float, float], ...]
    seconds: float | None


@dataclass(frozen=True, slots=True)
class RelatedAsset:
    """What an output was made from, or what was made from it."""

    id: UUID
    title: str
    modality: str
    visibility: str
    is_parent: bool


@dataclass(frozen=True, slots=True)
class AuthorRecord:
    """What became of everything that somebody made, and of their appeals."""

    made: int
    released: int
    held: int
    blocked: int
    appeals: int
    won: int
    member_since: datetime


@dataclass(frozen=True, slots=True)
class VerdictSummary:
    """One verdict of the asset."""

    id: UUID
    verdict: str
    hazards: tuple[str, ...]
    policy_version: str
    policy: str
    judged_in_ms: int
    at: datetime
    policy_id: UUID


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """One person's report. Reviewers do not learn who it was."""

    reason: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AppealSummary:
    """What a party says against a decision. Reviewers do not learn which reporter it was."""

    party: str
    words: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """A decided case like this one; `likeness` 0..1 and `why` say how it is like it."""

    id: UUID
    asset_id: UUID
    title: str
    outcome: str
    reason: str
    decided_by: str
    decided_at: datetime
    likeness: float
    why: str


@dataclass(frozen=True, slots=True)
class CaseEvidence:
    """All that a reviewer needs to rule.

    `reasons` are the stored reasons of the latest verdict (surface, hazard, score, threshold,
    rule, detector, verdict, detail); `found_text` is what was read or heard in the output;
    `refusal` says why this viewer cannot decide, and is empty when they can. Personal data is
    masked; `has_masked` says that there was some, `is_revealed` that it is shown for a reason.
    `clauses` are the reasons with what they rest on, `related` its lineage, one step each way.
    `manner` is how this viewer is to be shown it. `stands_for` is the decided case behind a second
    look: what is kept about it is kept under that.
    """

    case: CaseSummary
    asset: Asset
    author: str
    prompt: str
    found_text: str
    reasons: tuple[Mapping[str, Any], ...]
    surfaces: tuple[SurfaceEvidence, ...]
    hash_hits: tuple[Mapping[str, Any], ...]
    verdicts: tuple[VerdictSummary, ...]
    history: tuple[Move, ...]
    reports: tuple[ReportSummary, ...]
    appeals: tuple[AppealSummary, ...]
    previous: tuple[CaseSummary, ...]
    similar: tuple[SimilarCase, ...]
    refusal: str
    manner: Manner
    has_masked: bool = False
    is_revealed: bool = False
    stands_for: UUID | None = None
    clauses: tuple[Clause, ...] = ()
    related: tuple[RelatedAsset, ...] = ()

    @property
    def source_id(self) -> UUID:
        """The case that this is about."""
        return self.stands_for or self.case.id
