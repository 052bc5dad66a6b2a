"""The gate: detectors, policy, cases. Nothing is seen by anyone else before it has passed here."""
