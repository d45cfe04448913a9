"""B1, the least that a user could write instead of the ingress: read the body, produce one record, wait, answer 200.

Bare Starlette on uvicorn with an idempotent aiokafka producer. No signature, no parsing, no schema, no key, no limits,
no deadline, no metrics and no log. It is as fast as these libraries allow: uvloop, httptools, one route, no linger.
"""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from aiokafka import AIOKafkaProducer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/api/hubspot/webhook"
TOPIC = "bare.received"


def build(bootstrap: str) -> Starlette:
    """The whole app."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        """One producer for all."""
        async with AIOKafkaProducer(
            bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_request_size=2 * 1024 * 1024
        ) as producer:
            app.state.producer = producer
            yield

    async def receive(request: Request) -> Response:
        """Store, then acknowledge."""
        await request.app.state.producer.send_and_wait(TOPIC, await request.body())
        return Response()

    return Starlette(routes=[Route(PATH, receive, methods=["POST"])], lifespan=lifespan)


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    uvicorn.run(
        build(arguments.kafka),
        host="127.0.0.1",
        port=arguments.port,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
