"""Reading a page: what strict browsers would refuse, and what stands on it."""

import re
from html.parser import HTMLParser
from uuid import UUID

from django.http.response import HttpResponseBase
from django.test import Client


class _Refused(HTMLParser):
    """Collects what a content security policy without `unsafe-inline` forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and not names.get("src")):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name == "style" or name.startswith(("on", "hx-on")):
                self.found.append(f"<{tag} {name}>")
            is_address = name in {"src", "href", "action"}
            if is_address and value and value.startswith(("http", "//", "javascript:", "data:")):
                self.found.append(f"<{tag} {name}={value}>")


def refused_by_policy(html: str) -> list[str]:
    """Return every inline style, inline script, handler and foreign address of a page."""
    parser = _Refused()
    parser.feed(html)
    return parser.found


def text_of(response: HttpResponseBase) -> str:
    """Return an answer's text."""
    content: bytes = response.content  # type: ignore[attr-defined]  # the test client's answers
    return content.decode()


def page_of(client: Client, case_id: UUID) -> str:
    """Return the console's page of a case."""
    return text_of(client.get(f"/console/cases/{case_id}"))


def messages_of(response: HttpResponseBase) -> list[str]:
    """Return what a page says of the last thing that was done."""
    return re.findall(r'role="status">([^<]+)<', text_of(response))
