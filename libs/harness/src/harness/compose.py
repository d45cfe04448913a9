"""What `docker compose up` needs besides containers: secrets in a volume, and something to try things on.

The simulators are told their secrets in the environment; the services read theirs from files. Both must agree, so the
files are made from the same environment variables, and everything else is made up once and kept.
"""

from collections.abc import Mapping
from pathlib import Path

from harness.addresses import SERVICES
from harness.credentials import CHERTCTL, Credentials, write_private
from harness.errors import HarnessError

_READABLE = 0o444
# The volume is the containers' own; the services run as a user that has not written it.

SHARED = ("HUBSPOT_SIM_CLIENT_ID", "HUBSPOT_SIM_CLIENT_SECRET", "CHERT_SIM_SIGNING_SECRET", "CHERT_SIM_WEBHOOK_SECRET")
"""Environment variables that the simulators are told too."""


def write_secrets(folder: Path, environment: Mapping[str, str]) -> list[Path]:
    """Write every secrets file and the key ring that is not there yet; which they are.

    Raises:
        HarnessError: an environment variable is missing.
    """
    missing = [name for name in SHARED if name not in environment]
    if missing:
        raise HarnessError(f"Set {', '.join(missing)}, as the simulators have them.")
    made_up = Credentials.generate()
    credentials = Credentials(
        hubspot_client_id=environment["HUBSPOT_SIM_CLIENT_ID"],
        hubspot_app_id=made_up.hubspot_app_id,
        hubspot_client_secret=environment["HUBSPOT_SIM_CLIENT_SECRET"],
        state_secret=made_up.state_secret,
        service_credentials=made_up.service_credentials,
        sister_credentials=made_up.sister_credentials,
        chert_signing_secret=environment["CHERT_SIM_SIGNING_SECRET"],
        chert_webhook_secret=environment["CHERT_SIM_WEBHOOK_SECRET"],
        sealing_key=made_up.sealing_key,
        number_hash_key=made_up.number_hash_key,
        redaction_key=made_up.redaction_key,
    )
    wanted = {folder / "key-ring.json": credentials.key_ring()}
    wanted |= {folder / f"{service}.json": credentials.secrets_of(service) for service in (*SERVICES, CHERTCTL)}
    if all(path.exists() for path in wanted):
        return []
    for path, content in wanted.items():
        write_private(path, content)
        path.chmod(_READABLE)
    return list(wanted)
