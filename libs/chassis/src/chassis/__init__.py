"""The plumbing every service process needs, and no business words.

Settings, clock, randomness, logs, metrics, health, the HTTP edge, Kafka, MongoDB, background loops.
"""
