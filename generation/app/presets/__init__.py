"""Presets: kept, versioned, published and used."""
