"""What the platform adds to its parts, measured side by side in one run: `make bench`."""
