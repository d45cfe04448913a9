"""Deliveries as they come, records as they go, and what became of them."""
