"""Version 1: additive only; a change that breaks a client is version 2."""
