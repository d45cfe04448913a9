"""The HTTP edge: what sister services and operators ask; nothing here is reachable through the gateway."""

from timeline.api import tenants, where
from timeline.api.internal import operators_router, router

__all__ = ["operators_router", "router", "tenants", "where"]
