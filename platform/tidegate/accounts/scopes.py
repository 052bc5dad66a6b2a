"""What an API key may be allowed to do. A scope is never renamed: issued keys hold it."""

SCOPES = frozenset(
    {
        "jobs:write",
        "jobs:read",
        "assets:read",
        "assets:write",
        "feed:read",
        "interactions:write",
        "organisations:read",
        "projects:write",
        "presets:read",
        "presets:write",
        "moderations:check",
        "cases:read",
        "cases:decide",
        "audit:read",
        "models:manage",
    }
)
STAFF_SCOPES = frozenset({"cases:read", "cases:decide", "audit:read", "models:manage"})
