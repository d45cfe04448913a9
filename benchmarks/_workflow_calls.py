"""HubSpot's calls of the workflow action, signed as HubSpot signs them."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Final

from harness.connections import request

PATH: Final = "/api/hubspot/send"
WORKFLOW_ID: Final = 192_814_114
FIRST_ENROLMENT: Final = 403_081_688_006
FIRST_CONTACT: Final = 1_000


@dataclass(frozen=True, slots=True)
class WorkflowCalls:
    """Calls on behalf of one account; every number is another enrolment of another contact."""

    portal_id: int
    client_secret: str
    public_base_url: str

    def body(self, number: int) -> bytes:
        """The execution request of hubspot-contract.md section 4.2."""
        execution = {
            "callbackId": f"ap-{self.portal_id}-{number}-{FIRST_ENROLMENT + number}-0",
            "origin": {
                "portalId": self.portal_id,
                "actionDefinitionId": 10_646_377,
                "actionDefinitionVersion": 1,
                "actionExecutionIndexIdentifier": {
                    "enrollmentId": FIRST_ENROLMENT + number,
                    "actionExecutionIndex": 0,
                },
            },
            "context": {"source": "WORKFLOWS", "workflowId": WORKFLOW_ID},
            "object": {
                "objectId": FIRST_CONTACT + number,
                "objectType": "CONTACT",
                "properties": {"phone": phone(number), "firstname": "Grace", "company": "Acme"},
            },
            "inputFields": {"message": f"Hi {{{{ contact.firstname }}}}, this is number {number}."},
        }
        return json.dumps(execution, separators=(",", ":")).encode()

    def wire(self, number: int) -> bytes:
        """The call, signed at this moment."""
        body, timestamp = self.body(number), str(int(time.time() * 1000))
        signed = b"POST" + self.public_base_url.encode() + PATH.encode() + body + timestamp.encode()
        digest = hmac.digest(self.client_secret.encode(), signed, hashlib.sha256)
        headers = {
            "Content-Type": "application/json",
            "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
            "X-HubSpot-Request-Timestamp": timestamp,
        }
        return request("POST", PATH, headers, body)


def phone(number: int) -> str:
    """A number of nobody's."""
    return f"+1415{2_000_000 + number:07d}"
