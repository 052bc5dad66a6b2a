"""The one-machine stack: real servers from wheels, supervised, without root or containers."""
