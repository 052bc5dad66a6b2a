"""Letters in templates."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.html import urlize as urlized
from django.utils.safestring import SafeString, mark_safe

from moderation.app.selectors import unread_letters
from tidegate.accounts.models import User

register = template.Library()


@register.filter
def written_letter(body: str) -> SafeString:
    """Return a letter as paragraphs; of a paragraph with more lines the first is its title."""
    parts = [part.partition("\n") for part in body.split("\n\n")]
    return format_html_join(
        "",
        "<p>{}{}</p>",
        (
            (format_html("<strong>{}</strong><br>", first), _linked(rest))
            if rest
            else ("", _linked(first))
            for first, _, rest in parts
        ),
    )


@register.filter
def letter_icon(kind: str) -> str:
    """Return the drawing of a kind of message."""
    return {"restored": "check", "appeal": "hand", "report": "flag"}.get(kind, "shield")


@register.simple_tag
def unread(user: User) -> int:
    """Return how many messages somebody has not opened."""
    return unread_letters(user.pk)


def _linked(text: str) -> SafeString:
    """Return a text with its addresses as links, all else escaped."""
    return mark_safe(urlized(text, nofollow=True, autoescape=True))  # noqa: S308 - it escapes
