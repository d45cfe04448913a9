"""The registry of codes."""

from contracts.failures import REGISTRY, Code
from contracts.internal import AccessToken
from contracts.telemetry import METRICS


def test_every_code_is_registered() -> None:
    """No code without a status, words and whether a retry helps."""
    assert set(Code) == set(REGISTRY)


def test_a_5xx_is_never_an_expected_refusal() -> None:
    """Every 5xx may succeed later, except our own missing configuration."""
    final = {code for code, registered in REGISTRY.items() if registered.status >= 500 and not registered.retryable}

    assert {Code.NOT_CONFIGURED} == final


def test_a_token_hides_itself() -> None:
    """The text of an access token's answer does not hold the token."""
    token = AccessToken.model_validate(
        {"access_token": "canary", "expires_at": "2026-11-22T12:00:00Z", "generation": 1}
    )

    assert "canary" not in f"{token!r} {token}"


def test_a_metric_is_listed_under_its_name() -> None:
    """The table of metrics agrees with itself."""
    assert list(METRICS) == [metric.name for metric in METRICS.values()]
