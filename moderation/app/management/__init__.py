"""The gate's part of manage.py."""
