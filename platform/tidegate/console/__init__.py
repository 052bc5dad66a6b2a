"""The staff console: queue, case, trail. Nobody imports this package."""
