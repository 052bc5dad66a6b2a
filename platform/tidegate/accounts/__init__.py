"""People, organisations, memberships, staff roles and API keys."""
