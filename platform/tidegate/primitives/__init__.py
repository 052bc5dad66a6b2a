"""What every app may use: a closed list. Nothing here knows a business word."""
