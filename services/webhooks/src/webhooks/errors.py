"""What can be wrong with a delivery.

```text
DeliveryError
├── UnauthenticDeliveryError   the signature; `reason` says how
├── UnreadableDeliveryError    authentic, but not a delivery at all; `broken_json` says which way
├── OverloadedError            too much is in flight, of everybody's or of this sender's; nothing was done
└── NotStoredError             the broker did not acknowledge in time; it may still do so, under the same event ids
```

An authentic delivery in which one event is wrong is no error: that event goes to `delivery.rejected`.
"""


class DeliveryError(Exception):
    """Base: a delivery that is refused."""


class UnauthenticDeliveryError(DeliveryError):
    """The delivery does not prove who sent it.

    Attributes:
        reason: `missing_signature`, `missing_timestamp`, `malformed_…`, `bad_signature` or `stale`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnreadableDeliveryError(DeliveryError):
    """The body is not what this route takes.

    Attributes:
        broken_json: whether it is not even JSON.
    """

    def __init__(self, words: str, *, broken_json: bool) -> None:
        super().__init__(words)
        self.broken_json = broken_json


class OverloadedError(DeliveryError):
    """Admission refused it; the sender comes again."""


class NotStoredError(DeliveryError):
    """Not every record is known to be durable; the sender comes again."""
