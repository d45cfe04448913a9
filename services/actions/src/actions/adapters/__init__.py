"""One module per outside system, and the in-memory versions."""
