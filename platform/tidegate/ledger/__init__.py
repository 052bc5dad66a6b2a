"""Credits: what an organisation has, what is set aside for its jobs, what they cost.

Write with `tidegate.ledger.services`, read with `tidegate.ledger.selectors`. Subjects (jobs,
grants) are named by id: the ledger knows no service above it.
"""
