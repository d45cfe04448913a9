"""Whether a Kafka broker or a database serves now."""

import asyncio
import threading

import pymongo
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

_PROBE_MILLISECONDS = 2_000


def database_serves(url: str) -> bool:
    """Whether the database answers a ping."""
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(
        url, serverSelectionTimeoutMS=_PROBE_MILLISECONDS, socketTimeoutMS=_PROBE_MILLISECONDS
    )
    try:
        client.admin.command("ping")
    except PyMongoError:
        return False
    finally:
        client.close()
    return True


def broker_serves(bootstrap: str) -> bool:
    """Whether the cluster has a broker that takes work; it is asked from a thread, as loops do not nest."""
    found: list[bool] = []
    asking = threading.Thread(target=lambda: found.append(asyncio.run(_has_brokers(bootstrap))))
    asking.start()
    asking.join()
    return found == [True]


async def _has_brokers(bootstrap: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=_PROBE_MILLISECONDS)
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()
    return bool(cluster["brokers"])
