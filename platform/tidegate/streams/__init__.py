"""Kafka, and nothing else: the only package that imports it. Django is not loaded here."""
