"""Everything that can go wrong here, as one tree in one module; `api` says how each is answered.

OAuthServiceError
├── SessionError
│   ├── NoSessionError              nobody is signed in
│   ├── SessionInvalidError         forged, expired, or meant for someone else
│   ├── SessionEndedError           nobody is signed in any more, back from HubSpot
│   └── SessionKeysAwayError        the console's key set cannot be had: temporary
├── CredentialError
│   ├── NoCredentialError           an internal call without a service credential
│   └── CredentialInvalidError      an internal call with one that nobody has
├── ProjectForbiddenError           the session has no rights on the project
├── ProjectNotChosenError           the session has several projects, or none, and the request names none
├── AccountNotFoundError            the session may see no such account
├── MessageNotFoundError            the session may see no such message
├── AttachmentGoneError             Chert does not keep the file any more, or never had it
├── FormTokenError                  a form was not sent from a page of ours in this session
├── ReturnUrlError                  an install from the marketplace would end at an address that is not HubSpot's
├── RevisionMovedError              someone else changed the account meanwhile
├── SettingsRefusedError            `.problems` says what of them cannot be so
├── InstallRefusedError             `.reason` is a stable slug
│   ├── StateRefusedError           the four checks of the state (chert-contract.md, section 2.3)
│   ├── ConsentRefusedError         HubSpot came back with an error instead of a code
│   ├── ScopesRefusedError          a required scope was not granted
│   └── ExchangeFailedError         the code could not be exchanged; the cause says why
├── TenantError
│   ├── TenantUnknownError          this account never connected
│   ├── TenantInactiveError         it is no longer connected
│   └── PurgeRefusedError           it cannot be purged as it is; `.reason` is a stable slug
├── HubSpotError                    what HubSpot's token routes answered
│   ├── CodeRejectedError           the authorization code is unknown, used or expired
│   ├── AppRejectedError            our own configuration is refused; says nothing about any account
│   ├── GrantRevokedError           the account revoked the grant or uninstalled the app
│   ├── AccessTokenRefusedError     an access token is not taken, which says nothing about the grant
│   ├── JournalOffsetLostError      the journal no longer knows where we were
│   └── HubSpotAwayError            temporary: no answer, a fault, a limit, an answer that cannot be read
├── SealError
│   ├── SealBrokenError             the ciphertext is not the one that was sealed for this place
│   └── SealKeyMissingError         the key ring has no key of that id: temporary
├── SisterError
│   ├── ActivityAwayError           a sister service cannot say what it did: temporary
│   ├── MessagesAwayError           `timeline` cannot be asked for a message: temporary
│   ├── ChertAwayError              Chert cannot be asked: temporary
│   └── ProjectInactiveError        Chert knows no such project, or it is not active
├── DepartedError                   a grant that a disconnect may have ended; inside, never at the edge
├── LeaseLostError                  a lease can no longer be relied on; inside, never at the edge
└── ContendedError                  others changed the same document again and again: temporary
"""

from dataclasses import dataclass
from typing import Literal

StateReason = Literal["missing_code_or_state", "missing_state_cookie", "invalid_state_cookie", "state_mismatch"]
"""Why a state was refused, in the order in which it is checked."""

ConsentReason = Literal["access_denied", "app_refused", "hubspot_busy", "hubspot_refused"]
"""What HubSpot's error means to us: the user said no, we asked wrongly, not now, or anything else."""

ExchangeReason = Literal["code_rejected", "not_configured", "hubspot_unavailable", "uninstalled_meanwhile"]
"""Why there is no grant for a code, by whom it concerns: the user, us, time, or a disconnect that came in between."""

InstallReason = StateReason | ConsentReason | ExchangeReason | Literal["missing_scopes"]
"""Every way in which an install is refused."""


class OAuthServiceError(Exception):
    """Anything that this service refuses or fails at, as expected."""


class SessionError(OAuthServiceError):
    """There is no usable console session."""


class NoSessionError(SessionError):
    """Nobody is signed in."""


class SessionInvalidError(SessionError):
    """The session is forged, expired, or meant for someone else."""


class SessionEndedError(SessionError):
    """Nobody is signed in any more, back from HubSpot's consent screen."""


class SessionKeysAwayError(SessionError):
    """The console's key set cannot be had, so no session can be verified now."""


class CredentialError(OAuthServiceError):
    """An internal call is not by a sister service."""


class NoCredentialError(CredentialError):
    """There is no service credential."""


class CredentialInvalidError(CredentialError):
    """No service has this credential."""


class ProjectForbiddenError(OAuthServiceError):
    """The session has no rights on the project."""


@dataclass(frozen=True, slots=True)
class ProjectChoice:
    """A project that could have been named."""

    id: str
    name: str


class ProjectNotChosenError(OAuthServiceError):
    """The request names no project, and the session does not have exactly one.

    Attributes:
        choices: those that the session has.
    """

    def __init__(self, *choices: ProjectChoice) -> None:
        super().__init__()
        self.choices = choices


class AccountNotFoundError(OAuthServiceError):
    """There is no such account among the session's projects, whoever else may have it."""


class MessageNotFoundError(OAuthServiceError):
    """There is no such message, or it is of a project that the session may not see."""


class AttachmentGoneError(OAuthServiceError):
    """Chert has no such file, or has it no longer."""


class FormTokenError(OAuthServiceError):
    """A form does not carry the token of a page that was shown in this session."""


class ReturnUrlError(OAuthServiceError):
    """An address to return to that is not one of HubSpot's."""


class RevisionMovedError(OAuthServiceError):
    """The account is no longer as it was when the form was shown."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that cannot be so, and why, in words for a person."""

    name: str
    words: str


class SettingsRefusedError(OAuthServiceError):
    """Settings that cannot be saved.

    Attributes:
        problems: one or more.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__(", ".join(problem.name for problem in problems))
        self.problems = problems


class InstallRefusedError(OAuthServiceError):
    """An install that ends here.

    Attributes:
        reason: why, as a stable slug.
        project_id: for which project, once that is known.
    """

    def __init__(self, reason: InstallReason, *, project_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason: InstallReason = reason
        self.project_id = project_id


class StateRefusedError(InstallRefusedError):
    """The state does not prove that this browser began this install."""

    def __init__(self, reason: StateReason) -> None:
        super().__init__(reason)


class ConsentRefusedError(InstallRefusedError):
    """HubSpot came back with an error instead of a code."""

    def __init__(self, reason: ConsentReason) -> None:
        super().__init__(reason)


class ScopesRefusedError(InstallRefusedError):
    """A required scope was not granted.

    Attributes:
        missing: our own names of the scopes that are missing.
    """

    def __init__(self, missing: tuple[str, ...], *, project_id: str) -> None:
        super().__init__("missing_scopes", project_id=project_id)
        self.missing = missing


class ExchangeFailedError(InstallRefusedError):
    """The authorization code could not be exchanged for tokens; nothing is stored."""

    def __init__(self, reason: ExchangeReason, *, project_id: str) -> None:
        super().__init__(reason, project_id=project_id)


class TenantError(OAuthServiceError):
    """The account cannot be worked for."""


class TenantUnknownError(TenantError):
    """This account never connected."""


class TenantInactiveError(TenantError):
    """This account is no longer connected."""


PurgeReason = Literal["still_connected", "still_departing", "not_purged"]
"""Why an account is not forgotten: it is connected, HubSpot is still to be told of its end, or it was not purged."""


class PurgeRefusedError(TenantError):
    """The account cannot be forgotten as it is.

    Attributes:
        reason: why, as a stable slug.
    """

    def __init__(self, reason: PurgeReason) -> None:
        super().__init__(reason)
        self.reason: PurgeReason = reason


class HubSpotError(OAuthServiceError):
    """HubSpot's token routes did not do what was asked."""


class CodeRejectedError(HubSpotError):
    """The authorization code or its verifier is unknown, used or expired."""


class AppRejectedError(HubSpotError):
    """HubSpot refuses our own configuration; that says nothing about any account."""


class GrantRevokedError(HubSpotError):
    """The account revoked the grant or uninstalled the app."""


class AccessTokenRefusedError(HubSpotError):
    """HubSpot does not take an access token; only a refresh or introspection says whether the grant lives."""


class JournalOffsetLostError(HubSpotError):
    """HubSpot's journal no longer has what follows our offset."""


class HubSpotAwayError(HubSpotError):
    """HubSpot cannot do it now.

    Attributes:
        retry_after_seconds: how long to wait, when HubSpot said so.
    """

    def __init__(self, kind: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(kind)
        self.retry_after_seconds = retry_after_seconds


class SealError(OAuthServiceError):
    """A sealed token cannot be opened."""


class SealBrokenError(SealError):
    """The ciphertext is not the one that was sealed for this account, generation and field."""


class SealKeyMissingError(SealError):
    """The key ring holds no key of that id."""


class SisterError(OAuthServiceError):
    """Something that others know cannot be had."""


class ActivityAwayError(SisterError):
    """A sister service cannot be asked what it did."""


class MessagesAwayError(SisterError):
    """`timeline` cannot be asked for a message."""


class ChertAwayError(SisterError):
    """Chert cannot be asked."""


class ProjectInactiveError(SisterError):
    """Chert does not serve this project."""


class DepartedError(OAuthServiceError):
    """The account was disconnected, or may have been, after HubSpot gave a new grant."""


class LeaseLostError(OAuthServiceError):
    """A lease of ours may be another's by now."""


class ContendedError(OAuthServiceError):
    """Others changed the same document again and again; trying later is right."""
