"""What a held send is worked on with."""

from dataclasses import dataclass

from contracts.tenants import TenantSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The conditions of one try.

    Attributes:
        tenant: the account as it is now.
        answer_by: until when there has to be an answer, on the monotonic clock.
    """

    tenant: TenantSnapshot
    answer_by: float
