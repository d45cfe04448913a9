import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from simulators.chert.schemas import (
    ChangeSubscriptionRequest,
    CreateChatRequest,
    CreateSubscriptionRequest,
    FollowUpRequest,
    LeadLookupRequest,
    SendRequest,
    refused,
)

MODELS = [
    SendRequest,
    CreateChatRequest,
    FollowUpRequest,
    CreateSubscriptionRequest,
    ChangeSubscriptionRequest,
    LeadLookupRequest,
]
NAMES = ["phone", "body", "from", "to", "message", "parts", "type", "value", "url", "events", "text", "idempotency_key"]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["text", "+14155551234"])
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)
)


@pytest.mark.parametrize("model", MODELS)
@given(body=JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40))
def test_every_body_is_taken_or_refused_with_a_code(model: type[BaseModel], body: bytes) -> None:
    """Whatever comes as a body either fits or becomes a 4xx of the registry that is not worth repeating."""
    try:
        model.model_validate_json(body)
    except ValidationError as error:
        refusal = refused(error)
        assert 4 == refusal.status // 100
        assert not refusal.retryable
