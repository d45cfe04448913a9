"""Every port with its real adapter."""

from pydantic import SecretStr

from chassis.lifespan import Plumbing
from chassis.settings import NotLoadedError
from chassis.sisters import Sister
from oauth.adapters.chert import ChertFileContents, ChertPhoneLines, ChertProjectFacts
from oauth.adapters.form_tokens import HmacFormTokens
from oauth.adapters.hubspot import HubSpotAccounts, HubSpotOAuth
from oauth.adapters.mongo import (
    MongoGrantCheckStore,
    MongoHistoryStore,
    MongoInstallationStore,
    MongoLeaseStore,
    MongoReplicaStore,
    MongoStateStore,
)
from oauth.adapters.sealing import AesGcmSealer
from oauth.adapters.sessions import JwtSessionVerifier, KeySet
from oauth.adapters.sisters import SisterActivity, SisterMessages
from oauth.adapters.state_cookies import AesGcmStateSealer
from oauth.api.pages import CALLBACK_PATH
from oauth.api.routes import Outside
from oauth.app.connections import Connections
from oauth.handlers.asking import ANSWER_SECONDS
from oauth.handlers.key_rotation import SealingKey
from oauth.settings import Settings


def outside_of(
    settings: Settings,
    plumbing: Plumbing,
    connections: Connections,
    installations: MongoInstallationStore,
    sealing_key: SealingKey,
) -> Outside:
    """What the routes and workers need from outside."""
    secrets, database = connections.secrets, connections.database
    hubspot = HubSpotOAuth(
        connections.oauth,
        connections.hubspot,
        app_url=settings.hubspot_app_url,
        client_id=settings.hubspot_client_id,
        redirect_uri=settings.public_base_url.rstrip("/") + CALLBACK_PATH,
        metrics=plumbing.metrics,
    )
    return Outside(
        sessions=_sessions(settings, plumbing, connections),
        state_sealer=AesGcmStateSealer(lambda: secrets.read().state_secrets, plumbing.randomness),
        forms=HmacFormTokens(lambda: secrets.read().state_secrets),
        states=MongoStateStore(database),
        authorization=hubspot,
        tokens=hubspot,
        directory=HubSpotAccounts(connections.hubspot, connections.oauth, plumbing.clock),
        lines=ChertPhoneLines(connections.chert, plumbing.clock),
        projects=ChertProjectFacts(connections.chert),
        activity=SisterActivity(
            actions=_sister(settings.actions_url, "actions", connections),
            timeline=_sister(settings.timeline_url, "timeline", connections),
        ),
        messages=SisterMessages(_sister(settings.timeline_url, "timeline", connections)),
        files=ChertFileContents(connections.chert_files),
        installations=installations,
        histories=MongoHistoryStore(database),
        checks=MongoGrantCheckStore(database),
        leases=MongoLeaseStore(database),
        replicas=MongoReplicaStore(database),
        sealer=AesGcmSealer(connections.key_ring.read, plumbing.randomness, sealing_key.current),
        credentials=lambda: secrets.read().service_credentials,
    )


def _sessions(settings: Settings, plumbing: Plumbing, connections: Connections) -> JwtSessionVerifier:
    return JwtSessionVerifier(
        KeySet(settings.session_jwks_url, connections.http, plumbing.clock),
        issuer=settings.session_issuer,
        audience=settings.session_audience,
        clock=plumbing.clock,
    )


def _sister(url: str | None, name: str, connections: Connections) -> Sister | None:
    """A sister service, if its address is known; its credential may come later."""

    def credential() -> SecretStr:
        known = connections.secrets.read().sister_credentials.get(name)
        if known is None:
            raise NotLoadedError(f"no credential for {name}")
        return known

    return None if url is None else Sister(url, credential, connections.http, ANSWER_SECONDS)
