"""Compositions: one request, several parts that wait for each other, one whole."""
