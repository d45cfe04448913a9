"""A copy of one service's database, taken and put back as an operator's backup would be: every document as it lies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient


@dataclass(frozen=True)
class Backup:
    """All documents of a database, by collection."""

    database: str
    collections: Mapping[str, Sequence[RawBSONDocument]]


def save(mongo_url: str, database: str) -> Backup:
    """Copy a database; the service that owns it should not run."""
    with MongoClient(mongo_url, document_class=RawBSONDocument) as client:
        found = client[database]
        return Backup(database, {name: list(found[name].find()) for name in sorted(found.list_collection_names())})


def put_back(mongo_url: str, backup: Backup) -> None:
    """Make a database what it was; the service that owns it should not run."""
    with MongoClient(mongo_url, document_class=RawBSONDocument) as client:
        found = client[backup.database]
        for name in found.list_collection_names():
            found[name].delete_many({})
        for name, documents in backup.collections.items():
            if documents:
                found[name].insert_many(documents)
