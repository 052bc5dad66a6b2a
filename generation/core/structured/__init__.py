"""Answers in JSON: which schemas may be asked for, how a model is told, and what fits them.

`schemas` says whether a schema can be enforced word by word, `telling` puts it into a prompt for
a small model, `answers` judges the finished text. Pure; `telling` runs beside Triton too.
"""
