"""The HTTP edge: three routes, each a raw body under a signature."""
