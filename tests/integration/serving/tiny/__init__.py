"""Real pipelines with tiny random weights, built by a program of the serving environment.

`python -m tests.integration.serving.tiny FOLDER NAME…` writes FOLDER/NAME for each. The classes are
those of the published models, so what loads and runs these loads and runs those.
"""
