"""The sidebar card's use cases, one module each."""
