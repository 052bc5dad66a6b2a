"""Every event there is."""

from typing import Any

from tidegate.contracts.assets import AssetCreated, AssetMarked, AssetVisibilityChanged
from tidegate.contracts.generation import CompositionEnded, JobEnded, JobQueued
from tidegate.contracts.interactions import CreatorFollowed, InteractionRecorded, SignalNoticed
from tidegate.contracts.ledger import CreditsMoved
from tidegate.contracts.moderation import (
    AppealDecided,
    AppealMade,
    AssetOverdue,
    CaseDecided,
    CaseLate,
    CaseOpened,
    CaseReferred,
    DecisionReversed,
    NoticeRecorded,
    PolicyMoved,
    RestrictionEnded,
    RestrictionImposed,
    StatementMade,
    StrikeIssued,
    StrikeVoided,
    VerdictReached,
)
from tidegate.contracts.operations import DeadLetterRecorded
from tidegate.contracts.registry import ModelChanged

EVENTS: tuple[type[Any], ...] = (
    JobQueued,
    JobEnded,
    CompositionEnded,
    AssetCreated,
    AssetVisibilityChanged,
    AssetMarked,
    AssetOverdue,
    VerdictReached,
    CaseOpened,
    CaseDecided,
    CaseReferred,
    DecisionReversed,
    CaseLate,
    AppealMade,
    AppealDecided,
    StatementMade,
    PolicyMoved,
    StrikeIssued,
    StrikeVoided,
    RestrictionImposed,
    RestrictionEnded,
    NoticeRecorded,
    InteractionRecorded,
    SignalNoticed,
    CreatorFollowed,
    CreditsMoved,
    ModelChanged,
    DeadLetterRecorded,
)
