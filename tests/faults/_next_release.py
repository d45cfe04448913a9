"""The timeline of a later release, which reads version 2 of `contact.restored`, with a member that is required there.

python tests/faults/_next_release.py '<its environment as JSON>'
"""

import json
import os
import sys

from contracts import contacts, topics
from contracts.envelope import EventType

MEMBER = "required_from_now_on"


class ContactRestored(contacts.ContactRestored):
    """A deleted contact is back.

    Attributes:
        required_from_now_on: what releases before this one know nothing of.
    """

    required_from_now_on: bool


def main(environment: str) -> None:
    """Serve with the later contract in place of today's, before anything has looked at that."""
    today = topics.CONTACT_RESTORED
    vars(topics)["CONTACT_RESTORED"] = EventType(today.name, today.version + 1, ContactRestored, today.key)
    from timeline.__main__ import main as serve  # noqa: PLC0415 - the contract has to be in place first

    os.environ.update(json.loads(environment))
    serve()


if __name__ == "__main__":
    main(sys.argv[1])
