"""Webhook subscriptions: create, list, read, change, delete.

The platform's own subscription, which hears every tenant, is among those that each tenant sees. The statuses of a
creation (201) and a deletion (204) are not published.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from simulators.chert.auth import Caller, json_body
from simulators.chert.models import JsonObject, Subscription
from simulators.chert.schemas import ChangeSubscriptionRequest, CreateSubscriptionRequest
from simulators.chert.simulator import Chert
from simulators.chert.views import subscription_view

router = APIRouter(prefix="/webhook-subscriptions", include_in_schema=False)


@router.post("", status_code=201)
async def create_subscription(
    chert: Chert,
    tenant: Caller,
    request: Annotated[CreateSubscriptionRequest, Depends(json_body(CreateSubscriptionRequest))],
) -> JsonObject:
    """Subscribes the tenant; the answer is the only one with the secret."""
    subscription = Subscription(
        id=str(chert.state.new_id()),
        tenant=tenant.slug,
        url=request.url,
        events=request.events,
        version=request.version,
        secret=chert.state.new_id().hex + chert.state.new_id().hex,
        created_at=chert.clock.now(),
    )
    chert.state.subscriptions[subscription.id] = subscription
    return {"subscription": subscription_view(subscription, with_secret=True)}


@router.get("")
async def list_subscriptions(chert: Chert, tenant: Caller) -> JsonObject:
    """The subscriptions that hear the tenant."""
    return {"subscriptions": [subscription_view(one) for one in chert.state.subscriptions_of(tenant)]}


@router.get("/{subscription_id}")
async def read_subscription(subscription_id: str, chert: Chert, tenant: Caller) -> JsonObject:
    """One subscription."""
    return {"subscription": subscription_view(chert.state.subscription(tenant, subscription_id))}


@router.patch("/{subscription_id}")
async def change_subscription(
    subscription_id: str,
    chert: Chert,
    tenant: Caller,
    request: Annotated[ChangeSubscriptionRequest, Depends(json_body(ChangeSubscriptionRequest))],
) -> JsonObject:
    """Changes what is given."""
    subscription = chert.state.subscription(tenant, subscription_id)
    for name, value in request.model_dump(exclude_none=True).items():
        setattr(subscription, name, value)
    return {"subscription": subscription_view(subscription)}


@router.delete("/{subscription_id}", status_code=204, response_class=Response)
async def delete_subscription(subscription_id: str, chert: Chert, tenant: Caller) -> None:
    """Ends a subscription; what is on its way still arrives."""
    del chert.state.subscriptions[chert.state.subscription(tenant, subscription_id).id]
