"""The gate measured on labelled texts that are given by path."""
