"""Workspaces: where an organisation keeps what it makes, and who else may look."""
