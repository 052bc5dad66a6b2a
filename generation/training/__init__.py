"""Train `tidegate-image`, our own small text-to-image diffusion, on permissively licensed icons.

Runs in the serving environment (torch, diffusers), never in the application's. Four commands, in
order: `python -m generation.training.data`, `.autoencoder`, `.diffusion` and `.export`.
"""
