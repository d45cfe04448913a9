"""The audit of the books of a run over the whole system: what does not balance, found by pure functions."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from _whole_books import Asked, Books, Install, Recorded, Sent, ToldSent


@dataclass
class Findings:
    """What does not balance, in words, each with the moment of the schedule that it goes back to."""

    lost: list[tuple[float, str]] = field(default_factory=list)
    doubled: list[tuple[float, str]] = field(default_factory=list)
    crossed: list[tuple[float, str]] = field(default_factory=list)
    disordered: list[tuple[float, str]] = field(default_factory=list)
    doubted: list[tuple[float, str]] = field(default_factory=list)
    accepted: int = 0
    replies: int = 0
    installs: int = 0

    @property
    def all(self) -> list[tuple[float, str]]:
        """All that does not balance, the earliest first."""
        return sorted([*self.lost, *self.doubled, *self.crossed, *self.disordered])

    @property
    def effects(self) -> int:
        """How much was done; an audit of nothing finds nothing and proves nothing."""
        return self.accepted + self.replies + self.installs


def audit(books: Books) -> Findings:
    """Everything that does not balance."""
    found = Findings()
    _audit_sends(books, found)
    _audit_told(books, found)
    _audit_replies(books, found)
    _audit_recorded(books, found)
    _audit_order(books, found)
    for install in books.installs:
        _audit_install(install, found)
    return found


def _audit_sends(books: Books, found: Findings) -> None:
    """Each accepted message went out once, to whom it was meant; each refused one never; none that nobody wanted."""
    wanted = {asked.text: asked for asked in books.asked}
    sent = defaultdict[str, list[Sent]](list)
    for one in books.sent:
        asked = wanted.get(one.text)
        if asked is None:
            found.crossed.append((0.0, f"{one.message_id} was sent and nobody asked for it"))
        elif (one.tenant, one.phone) != (asked.tenant, asked.phone):
            found.crossed.append((asked.at, f"{_name(asked)} went out from {one.tenant}, or to somebody else"))
        else:
            sent[one.text].append(one)
    for asked in books.asked:
        if asked.doubtful and asked.verdict == "refused" and len(sent[asked.text]) == 1:
            found.doubted.append((asked.at, f"{_name(asked)} was refused when its account had left, and had gone out"))
        else:
            _audit_send(asked, len(sent[asked.text]), found)


def _audit_send(asked: Asked, count: int, found: Findings) -> None:
    found.accepted += asked.verdict == "accepted"
    if asked.verdict == "open" or (asked.verdict == "accepted" and not count):
        found.lost.append((asked.at, f"{_name(asked)} is {asked.verdict}, sent {count} times {asked.reason}"))
    if asked.verdict == "refused" and not asked.refusable:
        found.lost.append((asked.at, f"{_name(asked)} was refused: {asked.reason or 'nobody says why'}"))
    if asked.verdict == "accepted" and asked.forbidden:
        found.crossed.append((asked.at, f"{_name(asked)} went to somebody who had opted out"))
    if count > 1 or (asked.verdict == "refused" and count):
        found.doubled.append((asked.at, f"{_name(asked)} was {asked.verdict} and sent {count} times"))


def _audit_told(books: Books, found: Findings) -> None:
    """Each message that went out is told once and kept once, by the account that sent it."""
    owners = {asked.text: asked for asked in books.asked}
    for kind, records in (("message.sent", books.told_sent), ("a record", books.kept_sends)):
        ids = _ids_by(records, "message_id")
        told = {record.message_id: record for record in records}
        for one in books.sent:
            asked = owners.get(one.text)
            if asked is None or (asked.doubtful and asked.verdict == "refused"):
                continue
            _count(ids[one.message_id], asked.at, f"{_name(asked)} in {kind}", found)
            record = told.get(one.message_id)
            if record is not None and (record.portal_id, record.tenant) != (asked.portal_id, asked.tenant):
                found.crossed.append((asked.at, f"{_name(asked)}: {kind} is of account {record.portal_id}"))


def _audit_replies(books: Books, found: Findings) -> None:
    """Each reply is on the timeline of its contact, once, and on no other."""
    said = {one.key: one for one in books.said}
    texts = {one.text: one for one in books.said}
    counts: Counter[str] = Counter()
    for one in books.written:
        meant = texts.get(one.text) or said.get(one.key)
        if meant is None:
            found.crossed.append((0.0, f"{one.key} is on a timeline and nobody said it"))
        elif (one.portal_id, one.contact_ids, one.key) != (meant.portal_id, (meant.contact_id,), meant.key):
            found.crossed.append((meant.at, f"reply {meant.key} is on a timeline of {one.portal_id}, as {one.key}"))
        else:
            counts[meant.key] += 1
    for meant in books.said:
        found.replies += counts[meant.key] > 0
        if counts[meant.key] != 1:
            kind = found.doubled if counts[meant.key] else found.lost
            kind.append((meant.at, f"reply {meant.key} is on its timeline {counts[meant.key]} times"))


def _audit_recorded(books: Books, found: Findings) -> None:
    """Each reply that was written is told once and kept once."""
    for kind, records in (("reply.recorded", books.recorded), ("an entry", books.kept_entries)):
        ids = _ids_by(records, "key")
        for meant in books.said:
            _count(ids[meant.key], meant.at, f"reply {meant.key} in {kind}", found)


def _audit_order(books: Books, found: Findings) -> None:
    """Within a conversation no reply is written after one that was said later and came later.

    A reply that came late, because its first deliveries failed, may stand where it was said or where it came.
    """
    places = {one.message_id: (number, one.received_at) for number, one in enumerate(books.received)}
    chats = {one.key: one for one in books.said}
    written = defaultdict[tuple[int, str], list[tuple[int, float]]](list)
    for one in books.written:
        meant = chats.get(one.key)
        if meant is None or meant.message_id not in places:
            continue
        place, received_at = places[meant.message_id]
        before = written[meant.portal_id, meant.chat_id]
        if any(place < earlier and received_at < when for earlier, when in before):
            found.disordered.append((meant.at, f"reply {meant.key} was written after a later one"))
        before.append((place, received_at))


def _audit_install(install: Install, found: Findings) -> None:
    """Everybody agrees with what the account's admin did last."""
    states = (install.hubspot, install.oauth == "active", install.told == "active")
    found.installs += all(states)
    if set(states) != {install.wanted}:
        wanted = "connected" if install.wanted else "disconnected"
        held = f"HubSpot {install.hubspot}, oauth {install.oauth}, told {install.told}"
        found.lost.append((0.0, f"account {install.portal_id} was {wanted} last: {held}"))
    if install.label_wanted is not None and install.wanted and install.label_told != install.label_wanted:
        found.lost.append((0.0, f"account {install.portal_id}: settings that were saved are not told"))
    found.disordered += [(0.0, f"account {install.portal_id}: {flaw}") for flaw in install.flaws]


def _count(ids: Collection[str], at: float, what: str, found: Findings) -> None:
    if not ids:
        found.lost.append((at, f"{what}: none"))
    if len(ids) > 1:
        found.doubled.append((at, f"{what}: {len(ids)} of them"))


def _ids_by(records: Iterable[ToldSent | Recorded], member: str) -> Mapping[str, set[str]]:
    """The different ids there are by what they are about; the same event told again is one."""
    found = defaultdict[str, set[str]](set)
    for record in records:
        found[getattr(record, member)].add(record.id)
    return found


def _name(asked: Asked) -> str:
    return f"{asked.source} send of account {asked.portal_id} at {asked.at:.1f} s"
