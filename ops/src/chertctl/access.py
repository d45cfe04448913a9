"""How every client of this command reaches Kafka: with the TLS and the login that services have, from `CHERTCTL_`."""

from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.kafka_security import KafkaSettings, client_options
from chertctl.outcomes import WrongCallError


class Access(KafkaSettings, BaseSettings):
    """How a cluster is reached: environment variables with the prefix `CHERTCTL_`, as the services have them."""

    model_config = SettingsConfigDict(env_prefix="CHERTCTL_", extra="ignore")


def client_of(bootstrap: str) -> dict[str, Any]:
    """What a client of aiokafka is made with, besides what it is for.

    Raises:
        WrongCallError: what the environment says of TLS and login contradicts itself.
        SystemExit: a file that it names cannot be read.
    """
    try:
        security = Access(kafka_bootstrap=bootstrap).kafka_security()
    except ValidationError as error:
        words = "; ".join(problem["msg"] for problem in error.errors(include_input=False))
        raise WrongCallError(f"How Kafka is reached contradicts itself: {words}.") from None
    return {"bootstrap_servers": bootstrap.split(","), **client_options(security)}
