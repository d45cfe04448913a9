"""The HTTP edge: what sister services and operators ask; nothing here is reachable through the gateway."""

from timeline.api import tenants, where
from timeline.api.internal import router

__all__ = ["router", "tenants", "where"]
