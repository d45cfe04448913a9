"""What the service is told."""

import pytest
from pydantic import ValidationError

from actions.settings import ActionsSecrets

SECRETS = {
    "hubspot_client_secrets": ["now", "before"],
    "chert_signing_secret": "chert",
    "oauth_credential": "oauth",
    "number_hash_key": "number-hash-key-0123456789",
}


@pytest.mark.parametrize(
    "change",
    [
        {"hubspot_client_secrets": []},
        {"hubspot_client_secrets": [""]},
        {"chert_signing_secret": ""},
        {"oauth_credential": None},
        {"number_hash_key": "short"},
    ],
)
def test_an_empty_secret_is_no_secret(change: dict[str, object]) -> None:
    """A secrets file that lacks one is as good as unreadable: nothing is checked or signed with nothing."""
    with pytest.raises(ValidationError):
        ActionsSecrets.model_validate(SECRETS | change)


def test_secrets_mask_themselves() -> None:
    """No secret shows when its holder is printed."""
    printed = repr(ActionsSecrets.model_validate(SECRETS))

    assert [] == [secret for secret in ("now", "before", "'chert'", "'oauth'") if secret in printed]
