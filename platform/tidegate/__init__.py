"""Tidegate: generated content that nobody else sees before it has passed the gate."""

__version__ = "0.1.0"
