"""Every read of recommendations."""

from recommendations.app.selectors.feed import feed
from recommendations.app.selectors.pages import FeedItem, Page, Reason
from recommendations.app.selectors.reactions import reactions_to
from recommendations.app.selectors.shown import Shown, shown_to
from recommendations.app.selectors.similar import similar

__all__ = [
    "FeedItem",
    "Page",
    "Reason",
    "Shown",
    "feed",
    "reactions_to",
    "shown_to",
    "similar",
]
