"""What a HubSpot consists of here: an app, accounts, their contacts and communications, and grants."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Subscription:
    """One webhook subscription of the app (contract 7.3)."""

    subscription_id: int
    subscription_type: str
    property_name: str | None = None


@dataclass(frozen=True, slots=True)
class App:
    """The public app, as its developer configured it."""

    app_id: int
    client_id: str
    client_secret: str
    name: str
    redirect_uris: tuple[str, ...]
    install_url: str
    required_scopes: frozenset[str]
    conditional_scopes: frozenset[str]
    subscriptions: tuple[Subscription, ...]

    @property
    def scopes(self) -> frozenset[str]:
        """Every scope the app may ask for."""
        return self.required_scopes | self.conditional_scopes


@dataclass(slots=True)
class Contact:
    """A contact record; `versions` is what the search index holds, by the moment it became visible."""

    contact_id: str
    properties: dict[str, str]
    created_at: float
    updated_at: float
    versions: list[tuple[float, dict[str, str]]] = field(default_factory=list)
    communication_ids: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What a page calls the contact."""
        names = (self.properties.get("firstname"), self.properties.get("lastname"))
        return " ".join(name for name in names if name) or self.properties.get("email") or f"Contact {self.contact_id}"


@dataclass(slots=True)
class Communication:
    """A logged message; its associations are the contacts it stands on the timeline of."""

    communication_id: str
    portal_id: int
    properties: dict[str, str]
    created_at: float
    contact_ids: list[str] = field(default_factory=list)
    write_trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Install:
    """The app is connected to an account."""

    portal_id: int
    installed_at: float
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outage:
    """What every call for an account is answered with until a moment, in Unix seconds."""

    status: int
    until: float
    retry_after_seconds: int | None = None


@dataclass(slots=True)
class Portal:
    """One HubSpot account.

    The plan cannot grant `unavailable_scopes`; `withheld_scopes` are left out of a grant though it could, even those
    that the app requires.
    """

    portal_id: int
    name: str
    user_id: int
    unavailable_scopes: frozenset[str] = frozenset()
    withheld_scopes: frozenset[str] = frozenset()
    install: Install | None = None
    outage: Outage | None = None
    contacts: dict[str, Contact] = field(default_factory=dict)
    communications: dict[str, Communication] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        """The customer's web domain, which is not where HubSpot's pages are (contract 1.4)."""
        return f"portal-{self.portal_id}.example"

    @property
    def user_email(self) -> str:
        """The one user of the account, who is its Super Admin."""
        return f"admin@{self.domain}"


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What an app asked for at the authorize screen and the user approved for one account."""

    redirect_uri: str
    portal_id: int
    scopes: tuple[str, ...]
    code_challenge: str | None


@dataclass(slots=True)
class Grant:
    """A refresh token and what it stands for; it lives until it is revoked or the app uninstalled."""

    refresh_token: str
    portal_id: int
    user_id: int
    scopes: tuple[str, ...]
    active: bool = True


@dataclass(slots=True)
class AccessToken:
    """An access token; without a grant it is the app's own (client_credentials)."""

    token: str
    expires_at: float
    scopes: tuple[str, ...]
    grant: Grant | None
    active: bool = True


@dataclass(slots=True)
class Switches:
    """How this HubSpot behaves where the contract leaves it open, or where a test wants less of it."""

    push_uninstall: bool
    journal: bool = True
    omit_hub_id: bool = False
    reuse_refresh_token: bool = False
    authorize_error: str = ""
    search_lag_seconds: float = 0.0
    association_lag_seconds: float = 0.0
    rewrite_bodies: bool = False
    refused_text: str = ""
    burst_limit: int = 110
    search_limit: int = 5
