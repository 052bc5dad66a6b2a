"""Settings: the environment is read once, in `env`; everything else derives from it."""
