"""The ingress: signed deliveries from HubSpot and Chert, durable in Kafka before they are acknowledged.

Owns no data. What it answers with 2xx is stored by the broker; what it cannot store, it answers with 503 at once.
"""
