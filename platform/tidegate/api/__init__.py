"""The public HTTP API: one file per resource under `v1/`. Nobody imports this package."""
