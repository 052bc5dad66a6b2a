"""Ranking and vectors, without a framework."""
