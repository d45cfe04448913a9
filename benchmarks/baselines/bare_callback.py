"""The least that a user could write for an OAuth callback: one exchange, one write, one acknowledged record.

No session, no state, no sealing, no outbox: an account's tokens lie in the database as they came, and a crash between
the write and the record loses the event. It is as fast as these libraries allow: one event loop, connections kept.
"""

import argparse
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import uvicorn
from aiokafka import AIOKafkaProducer
from pymongo import AsyncMongoClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

CALLBACK_PATH = "/api/hubspot/oauth/callback"
DATABASE = "bare_callback"
TOPIC = "bare.installed"


def build(arguments: argparse.Namespace) -> Starlette:
    """The whole app."""
    database: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(arguments.mongo_url)
    installations = database[DATABASE]["installations"]
    app_fields = {
        "grant_type": "authorization_code",
        "client_id": arguments.client_id,
        "client_secret": arguments.client_secret,
        "redirect_uri": arguments.redirect_uri,
    }

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        """One producer for all."""
        producer = AIOKafkaProducer(bootstrap_servers=arguments.kafka, acks="all", enable_idempotence=True)
        async with producer, aiohttp.ClientSession(arguments.hubspot_url) as http, database:
            app.state.producer, app.state.http = producer, http
            yield

    async def callback(request: Request) -> RedirectResponse:
        """Exchange, write, tell, redirect."""
        fields = {**app_fields, "code": request.query_params["code"]}
        async with request.app.state.http.post("/oauth/2026-09/token", data=fields, raise_for_status=True) as answer:
            grant = await answer.json()
        portal_id = grant["hub_id"]
        await installations.update_one({"_id": portal_id}, {"$set": {"grant": grant}}, upsert=True)
        event = json.dumps({"portal_id": portal_id, "scopes": grant["scopes"]}).encode()
        await request.app.state.producer.send_and_wait(TOPIC, event, key=str(portal_id).encode())
        return RedirectResponse("/console", 302)

    return Starlette(routes=[Route(CALLBACK_PATH, callback)], lifespan=lifespan)


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("hubspot-url", "mongo-url", "kafka", "client-id", "client-secret", "redirect-uri"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    uvicorn.run(
        build(arguments), host="127.0.0.1", port=arguments.port, loop="uvloop", http="httptools", log_level="warning"
    )


if __name__ == "__main__":
    main()
