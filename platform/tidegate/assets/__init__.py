"""Outputs: renditions, lineage, visibility and its legal moves, media bytes and their delivery."""
