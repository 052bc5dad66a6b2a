"""The append-only trail: who did what to which subject, chained so that a change shows.

Write with `tidegate.audit.services.record`, read with `tidegate.audit.selectors`. The trail
names its subjects by (type, id) and knows no other app.
"""
