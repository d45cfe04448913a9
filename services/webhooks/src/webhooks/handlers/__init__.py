"""The use cases: take a delivery in, tell its events, give a receipt."""
