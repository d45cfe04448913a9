"""The least that a user could write for a workflow action: one read, one insert, one send, one acknowledged record.

No signature, no claim, no template, no stored answer, no outbox: a repeat sends twice, and a crash after the send loses
the event. It is as fast as these libraries allow: one event loop, connections kept.
"""

import argparse
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import uvicorn
from aiokafka import AIOKafkaProducer
from pymongo import AsyncMongoClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

PATH = "/api/hubspot/send"
DATABASE = "bare_action"
TOPIC = "bare.sent"


def build(arguments: argparse.Namespace) -> Starlette:
    """The whole app."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(arguments.mongo_url)
    database = client[DATABASE]
    secret = arguments.signing_secret.encode()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        """One producer for all, and the one account."""
        producer = AIOKafkaProducer(bootstrap_servers=arguments.kafka, acks="all", enable_idempotence=True)
        async with producer, aiohttp.ClientSession(arguments.chert_url) as http, client:
            account = {"chert_tenant": arguments.chert_tenant}
            await database["tenants"].update_one({"_id": arguments.portal_id}, {"$set": account}, upsert=True)
            app.state.producer, app.state.http = producer, http
            yield

    async def send(request: Request) -> JSONResponse:
        """Read, insert, send, tell, answer."""
        execution = json.loads(await request.body())
        tenant = await database["tenants"].find_one({"_id": execution["origin"]["portalId"]}) or {}
        message = {"phone": execution["object"]["properties"]["phone"], "body": execution["inputFields"]["message"]}
        await database["sends"].insert_one({"_id": execution["callbackId"], **message})
        body = json.dumps({**message, "idempotency_key": execution["callbackId"]}).encode()
        now = str(int(time.time()))
        digest = hmac.new(secret, now.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {
            "content-type": "application/json",
            "x-chert-tenant": tenant["chert_tenant"],
            "x-chert-signature": f"v1,{now},{digest}",
        }
        http = request.app.state.http
        async with http.post("/api/v1/send", data=body, headers=headers, raise_for_status=True) as answer:
            sent = await answer.json()
        event = json.dumps({**message, "message_id": sent["message_id"]}).encode()
        await request.app.state.producer.send_and_wait(TOPIC, event, key=str(execution["callbackId"]).encode())
        return JSONResponse({"outputFields": {"ok": "true", "message_id": sent["message_id"]}})

    return Starlette(routes=[Route(PATH, send, methods=["POST"])], lifespan=lifespan)


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("mongo-url", "kafka", "chert-url", "chert-tenant", "signing-secret"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("port", "portal-id"):
        parser.add_argument(f"--{name}", type=int, required=True)
    arguments = parser.parse_args()
    uvicorn.run(
        build(arguments), host="127.0.0.1", port=arguments.port, loop="uvloop", http="httptools", log_level="warning"
    )


if __name__ == "__main__":
    main()
