import os
import signal
import socket
import subprocess
import sys

import httpx2

WAIT_SECONDS = 20


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_it_runs_as_a_process() -> None:
    """`python -m simulators.chert` serves with nothing but its environment, and SIGTERM ends it without complaint."""
    port = free_port()
    environment = {
        **os.environ,
        "CHERT_SIM_PORT": str(port),
        "CHERT_SIM_SIGNING_SECRET": "0123456789abcdef0123456789abcdef",
        "CHERT_SIM_WEBHOOK_SECRET": "fedcba9876543210",
        "CHERT_SIM_ISSUER": "https://chert.test",
        "CHERT_SIM_AUDIENCE": "chert-for-hubspot",
    }
    process = subprocess.Popen([sys.executable, "-m", "simulators.chert"], env=environment, stderr=subprocess.PIPE)
    try:
        transport = httpx2.HTTPTransport(retries=7)
        with httpx2.Client(transport=transport, timeout=WAIT_SECONDS, trust_env=False) as http:
            health = http.get(f"http://127.0.0.1:{port}/control/health")
            page = http.get(f"http://127.0.0.1:{port}/login")
        assert (200, 200) == (health.status_code, page.status_code)
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=WAIT_SECONDS)
        # After its orderly shutdown uvicorn ends by the signal that it was sent.
        assert (-signal.SIGTERM, b"") == (process.returncode, complaints)
    finally:
        process.kill()
        process.communicate()
