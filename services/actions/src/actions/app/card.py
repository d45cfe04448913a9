"""The card's use cases, wired."""

from dataclasses import replace

from actions.adapters.chert import ChertMessenger
from actions.adapters.mongo import MongoAuthorStore, MongoWishStore
from actions.adapters.remembered_conversations import RememberedAuthors, RememberedWishes
from actions.api.card import CardUseCases
from actions.app.background import Background
from actions.app.connections import Connections
from actions.app.outside import Outside
from actions.handlers.card.campaign import ShowCampaign
from actions.handlers.card.context import ShowCard
from actions.handlers.card.sending import SendFromCard
from actions.handlers.sending import SendOnce
from actions.settings import Settings
from chassis.lifespan import Plumbing


def card_use_cases(
    settings: Settings,
    connections: Connections,
    background: Background,
    outside: Outside,
    send: SendOnce,
    plumbing: Plumbing,
) -> CardUseCases:
    """What the card can ask for."""
    database, tenants, authority = connections.database, send.tenants, send.authority
    contacts, facts = outside.contacts, outside.facts
    for_reps = replace(send, messenger=ChertMessenger(connections.chert_for_card))
    return CardUseCases(
        show=ShowCard(
            tenants=tenants,
            authority=authority,
            contacts=contacts,
            schema=contacts,
            conversations=background.conversations,
            authors=RememberedAuthors(MongoAuthorStore(database)),
            wishes=RememberedWishes(MongoWishStore(database), plumbing.clock),
            number_hash=connections.number_hash,
            facts=facts,
            openings=outside.openings,
            public_base_url=settings.public_base_url.rstrip("/"),
        ),
        send=SendFromCard(
            tenants=tenants, authority=authority, contacts=contacts, sends=background.sends, send=for_reps
        ),
        campaign=ShowCampaign(
            tenants=tenants, authority=authority, campaigns=facts, sends=background.sends, clock=plumbing.clock
        ),
    )
