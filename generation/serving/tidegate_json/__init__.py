"""Answers in JSON: a grammar made of a schema says, token by token, what may come next."""
