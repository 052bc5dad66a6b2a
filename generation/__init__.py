"""Generation: jobs, generators, and the models that make text, images and speech."""
