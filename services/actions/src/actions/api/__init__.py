"""The HTTP edge, one module per surface."""
