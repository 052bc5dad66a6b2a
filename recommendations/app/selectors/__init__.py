"""Every read of recommendations."""

from recommendations.app.selectors.creators import (
    Suggested,
    followed_people,
    followers_of,
    following,
    muted,
    suggested,
)
from recommendations.app.selectors.experiments import RATES, ArmResult, results_of
from recommendations.app.selectors.feed import feed
from recommendations.app.selectors.interests import Interest, Interests, interests_of
from recommendations.app.selectors.pages import FeedItem, Page, Reason
from recommendations.app.selectors.reactions import reactions_to, saved
from recommendations.app.selectors.search import search
from recommendations.app.selectors.shown import Shown, shown_to
from recommendations.app.selectors.similar import similar
from recommendations.app.selectors.why import Explanation, Ground, why

__all__ = [
    "RATES",
    "ArmResult",
    "Explanation",
    "FeedItem",
    "Ground",
    "Interest",
    "Interests",
    "Page",
    "Reason",
    "Shown",
    "Suggested",
    "feed",
    "followed_people",
    "followers_of",
    "following",
    "interests_of",
    "muted",
    "reactions_to",
    "results_of",
    "saved",
    "search",
    "shown_to",
    "similar",
    "suggested",
    "why",
]
