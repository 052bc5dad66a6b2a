"""The registry: which versions of which models are offered, and what model servers hold."""
