"""What is measured against: a consumer that does nothing, a view that inserts one row."""
