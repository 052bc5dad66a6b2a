"""Showing people what they will like, out of what passed the gate."""
