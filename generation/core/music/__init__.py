"""Tunes: their keys, their notation, what may follow what, and what a wish asks for. Pure."""
