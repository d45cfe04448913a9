"""A database is saved and put back."""

import secrets
from datetime import UTC, datetime

import pytest
from pymongo import MongoClient

from harness import backups

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 22, 12, 30, 0, 123_000, tzinfo=UTC)


def test_a_database_is_what_it_was(mongo_url: str) -> None:
    """Every document comes back as it lay; what was added or changed meanwhile is gone."""
    name = f"backup_{secrets.token_hex(4)}"
    saved = [{"_id": 1, "at": NOW, "sealed": b"\x00\xff"}, {"_id": "two", "nested": {"list": [1, None]}}]
    with MongoClient[dict[str, object]](mongo_url, tz_aware=True) as client:
        client[name]["kept"].insert_many(saved)
        backup = backups.save(mongo_url, name)
        client[name]["kept"].update_one({"_id": 1}, {"$set": {"at": None, "sealed": b"other"}})
        client[name]["kept"].insert_one({"_id": 3})
        client[name]["added"].insert_one({"_id": 1})

        backups.put_back(mongo_url, backup)

        assert saved == list(client[name]["kept"].find().sort("_id"))
        assert 0 == client[name]["added"].count_documents({})
        client.drop_database(name)
