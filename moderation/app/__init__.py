"""The gate: verdicts over assets, prompts and streams, review cases and hash lists."""
