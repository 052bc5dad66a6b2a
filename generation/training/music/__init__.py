"""How our own music model is trained."""
