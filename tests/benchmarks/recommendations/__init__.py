"""How good the recommendations are, beside the models of the field, and how fast."""
