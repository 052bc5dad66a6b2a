"""Back-end of guard models: any causal language model of a family that is known."""
