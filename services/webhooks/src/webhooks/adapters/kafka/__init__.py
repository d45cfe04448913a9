"""Kafka: a connection that is kept, and records of concurrent deliveries in shared batches."""
