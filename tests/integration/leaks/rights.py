"""What each kind of reader may find: written by hand, sharing no code with what it checks.

Every text that may leak holds a mark, which says what it is and whose.
"""

import re
from dataclasses import dataclass

AUDIENCES = ("public", "private")
STATES = ("pending", "released", "held", "blocked", "withdrawn")

# What a mark may be found on. "content": the output and its prompt. "inner": why and how it
# moved. "job": the request and the words streamed so far. "upload": a picture brought along.
# "case": the gate's own evidence.
CLASS_OF = {
    "prompt": "content",
    "title": "content",
    "text": "content",
    "bytes": "content",
    "why": "inner",
    "moved": "inner",
    "jobprompt": "job",
    "jobtext": "job",
    "joberror": "job",
    "refusal": "job",
    "upload": "upload",
    "uploadwhy": "upload",
    "preset": "preset",
    "hazard": "case",
    "staffreason": "case",
}
_MARK = re.compile(r"zq([a-z]+)x(public|private)x([a-z]+?)zq")


def mark(kind: str, audience: str, state: str) -> str:
    """Return a word that survives HTML, JSON and capitals."""
    return f"zq{kind}x{audience}x{state}zq"


def marks_in(body: str) -> set[tuple[str, str, str]]:
    """Return (kind, audience, state) of every mark in an answer."""
    return {(found[1], found[2], found[3]) for found in _MARK.finditer(body.lower())}


ALL = frozenset(STATES)
RELEASED = frozenset({"released"})
NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rights:
    """What one reader may find, written by hand.

    `public` and `private` are the states whose content shows in such a project; `inner`, `job`,
    `upload` and `case` say whether those classes show, for all things. `trail`: the audit trail
    shows.
    """

    public: frozenset[str] = RELEASED
    private: frozenset[str] = NONE
    inner: bool = False
    job: bool = False
    upload: bool = False
    case: bool = False
    trail: bool = False
    presets: tuple[frozenset[str], frozenset[str]] = (NONE, NONE)

    def allow(self, kind: str, audience: str, state: str) -> bool:
        """Whether this reader may find that mark anywhere."""
        match CLASS_OF[kind]:
            case "content":
                return state in (self.public if audience == "public" else self.private)
            case "inner":
                return self.inner
            case "job":
                return self.job
            case "upload":
                return self.upload
            case "preset":
                own, shared = self.presets
                return state in (own if audience == "public" else shared)
            case _:
                return self.case


def presets_of(reader: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return what one reader may find of the author's own presets, and of the organisation's.

    A preset's state is that of the thing it belongs to: released is public, pending was never asked
    about, held was doubted, blocked refused.
    """
    if reader in {"nobody", *_BLIND_TO_PRESETS}:
        return NONE, NONE
    if reader in {"author", "key of the author"}:
        return ALL, ALL
    asked = ALL - {"pending"}
    if reader in {"reviewer", "senior reviewer", "policy admin", "auditor"}:
        return asked, asked
    if reader.endswith(" of the organisation") or reader == "key of a member":
        return RELEASED, ALL
    return RELEASED, RELEASED


_BLIND_TO_PRESETS = frozenset(
    {
        "member who was deactivated",
        "key of the author that reads jobs only",
        "key of the author that only writes jobs",
        "staff key of a reviewer in another organisation",
        "staff key of an auditor in another organisation",
        "staff key of a reviewer in this organisation",
        "revoked key",
        "expired key",
        "key of a deactivated member",
        "unknown key",
    }
)

STRANGER = Rights()
COLLEAGUE = Rights(RELEASED, RELEASED)
AUTHOR = Rights(ALL, ALL, inner=True, job=True, upload=True)
STAFF = Rights(ALL, ALL, inner=True, job=True, case=True)
AUDITOR = Rights(ALL, ALL, inner=True, job=True, case=True, trail=True)
BLIND = Rights(NONE, NONE)

RIGHTS: dict[str, Rights] = {
    "nobody": STRANGER,
    "stranger": STRANGER,
    "author": AUTHOR,
    "owner of the organisation": COLLEAGUE,
    "admin of the organisation": COLLEAGUE,
    "member of the organisation": COLLEAGUE,
    "viewer of the organisation": COLLEAGUE,
    "collaborator who edits": COLLEAGUE,
    "collaborator who looks": COLLEAGUE,
    "member who left": STRANGER,
    "collaborator who was removed": STRANGER,
    "owner of another organisation": STRANGER,
    "member who was deactivated": STRANGER,
    "reviewer": STAFF,
    "senior reviewer": STAFF,
    "policy admin": AUDITOR,
    "auditor": AUDITOR,
    "reviewer who was dismissed": STRANGER,
    "key of the author": AUTHOR,
    "key of a member": COLLEAGUE,
    "key of the author that reads jobs only": Rights(NONE, NONE, job=True, upload=True),
    "key of the author that only writes jobs": BLIND,
    "key of the author in another organisation": STRANGER,
    "key of another organisation": STRANGER,
    "plain key of a reviewer": STRANGER,
    "staff key of a reviewer in another organisation": STRANGER,
    "staff key of an auditor in another organisation": STRANGER,
    "staff key of a reviewer in this organisation": STAFF,
    "revoked key": BLIND,
    "expired key": BLIND,
    "key of a deactivated member": BLIND,
    "unknown key": BLIND,
}
