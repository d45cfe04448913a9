"""Settings: what is refused before anything runs."""

import pytest
from pydantic import ValidationError

from timeline.settings import Settings

GIVEN = {
    "port": 1,
    "kafka_bootstrap": "127.0.0.1:1",
    "mongo_url": "mongodb://127.0.0.1:1/",
    "public_base_url": "https://console.example.test",
    "secrets_file": "secrets.json",
    "oauth_url": "http://127.0.0.1:1",
    "chert_url": "https://127.0.0.1:1",
    "hubspot_api_url": "https://127.0.0.1:1",
}


def test_a_fault_point_is_refused_in_production() -> None:
    """Nothing may kill a production process on purpose."""
    with pytest.raises(ValidationError, match="FAULT_POINT"):
        Settings(**GIVEN, fault_point="after_record")


def test_a_fault_point_has_a_name_that_exists() -> None:
    """An order that would never be carried out is refused, and the names are told; a label makes another order."""
    with pytest.raises(ValidationError, match="after_intent_before_write"):
        Settings(**GIVEN, environment="development", fault_point="after_lunch")

    assert "after_record:2" == Settings(**GIVEN, environment="development", fault_point="after_record:2").fault_point
