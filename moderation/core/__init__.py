"""Judging, without a framework: signals in, a decision out. Runs in a notebook."""
