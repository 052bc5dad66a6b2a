"""The pure part of generation: no Django, no broker; runs in a notebook."""
