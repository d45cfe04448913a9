"""Every error has an answer."""

from typing import get_args

import pytest
from fastapi import FastAPI

from contracts.failures import REGISTRY
from oauth import errors
from oauth.api.failures import ANSWERS, INSTALL_ANSWERS, refusal_of
from oauth.api.words import ENDS, INSTALL_ADVICE, SCOPES, advice_on
from oauth.errors import InstallReason, InstallRefusedError, OAuthServiceError, StateReason, StateRefusedError
from oauth.models import CONDITIONAL_SCOPES, REQUIRED_SCOPES, EndReason

TRANSLATED = {
    errors.CodeRejectedError,
    errors.GrantRevokedError,
    errors.JournalOffsetLostError,
    errors.DepartedError,
    errors.LeaseLostError,
}
"""Handlers and workers deal with these: a code rejected ends an install, a grant revoked ends an installation."""


def reasons(literal: object) -> set[str]:
    """All values of a literal, or of a union of literals."""
    found = set()
    for value in get_args(literal):
        found |= reasons(value) if get_args(value) else {value}
    return found


def leaves(kind: type[Exception]) -> list[type[Exception]]:
    """The classes that are raised."""
    below = kind.__subclasses__()
    return [leaf for one in below for leaf in leaves(one)] if below else [kind]


@pytest.mark.parametrize("leaf", [leaf for leaf in leaves(OAuthServiceError) if leaf not in TRANSLATED])
def test_every_error_has_an_answer(leaf: type[OAuthServiceError]) -> None:
    """Each leaf of the error tree is in the table, so that none becomes an internal error."""
    assert leaf in ANSWERS or issubclass(leaf, InstallRefusedError)


def test_every_reason_has_an_answer_and_words() -> None:
    """Each reason to refuse an install has its code and a page that leads on; scopes and ends have words."""
    assert all(advice.connect_again for advice in INSTALL_ADVICE.values())
    assert reasons(InstallReason) == set(INSTALL_ANSWERS)
    assert reasons(InstallReason) == set(INSTALL_ADVICE)
    assert {*REQUIRED_SCOPES, *CONDITIONAL_SCOPES} == set(SCOPES)
    assert reasons(EndReason) == set(ENDS)


@pytest.mark.parametrize("reason", sorted(reasons(StateReason)))
def test_a_refused_state_is_what_the_contract_says(reason: StateReason) -> None:
    """The four reasons are 400 with code 2014, not retryable (chert-contract.md, section 2.3)."""
    refusal = refusal_of(StateRefusedError(reason))

    assert (400, 2014, reason) == (refusal.status, refusal.code, refusal.reason)
    assert not REGISTRY[refusal.code].retryable
    assert advice_on(refusal.body()).connect_again


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    """The drawing at the top of `errors` names every class there is."""
    drawn = errors.__doc__ or ""
    defined = [name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)]

    assert [name for name in defined if name not in drawn] == []
    assert drawn.count("Error") == len(defined)


def test_every_route_has_a_summary(app: FastAPI) -> None:
    """The OpenAPI document says what each route is for."""
    operations = [operation for path in app.openapi()["paths"].values() for operation in path.values()]

    assert all(operation.get("summary") for operation in operations)
