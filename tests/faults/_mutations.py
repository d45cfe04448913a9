"""Ten bugs that somebody might make, each as a small change of one file, and which tests have to notice it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Mutation:
    """One deliberate bug.

    Attributes:
        name: what is done wrong.
        path: the file, from the repository's root.
        old: what stands there, once.
        new: what stands there instead.
        tests: what is run, of which something must fail.
    """

    name: str
    path: str
    old: str
    new: str
    tests: str

    def apply(self, root: Path) -> None:
        """Change the file in a tree.

        Raises:
            LookupError: what is to be changed does not stand there once.
        """
        path = root / self.path
        text = path.read_text()
        if text.count(self.old) != 1:
            raise LookupError(f"{self.name}: {self.path} holds {text.count(self.old)} times what is to be changed")
        path.write_text(text.replace(self.old, self.new))


MUTATIONS: Final[tuple[Mutation, ...]] = (
    Mutation(
        "skip the claim",
        "services/actions/src/actions/handlers/claims.py",
        "        while send.lease.holder != holder:\n",
        "        while False:\n",
        "services/actions/tests/unit/test_sending.py",
    ),
    Mutation(
        "commit before durable",
        "services/webhooks/src/webhooks/handlers/intake.py",
        "    admission.enter(owners, size)\n    try:\n",
        "    admission.enter(owners, size)\n    done(taken)\n    try:\n",
        "services/webhooks/tests/unit/test_api.py",
    ),
    Mutation(
        "drop the fence",
        "services/timeline/src/timeline/adapters/mongo/lanes.py",
        '    return {"_id": lease.portal_id, "holder": lease.holder, "fence": lease.fence}\n',
        '    return {"_id": lease.portal_id}\n',
        "services/timeline/tests/conformance/test_lanes.py",
    ),
    Mutation(
        "ignore a revision",
        "services/timeline/src/timeline/adapters/mongo/tenants.py",
        '            {"_id": snapshot.portal_id, "revision": {"$lte": snapshot.revision}},\n',
        '            {"_id": snapshot.portal_id},\n',
        "services/timeline/tests/conformance/test_tenants.py",
    ),
    Mutation(
        "retry without reconcile",
        "services/actions/src/actions/handlers/reconciling.py",
        "        if began is None or age < LOOK_AFTER:\n            return None\n",
        "        return None\n",
        "services/actions/tests/unit/test_reconciling.py",
    ),
    Mutation(
        "forget the leeway",
        "services/oauth/src/oauth/handlers/access_tokens.py",
        "LEEWAY: Final = timedelta(seconds=60)\n",
        "LEEWAY: Final = timedelta(seconds=0)\n",
        "services/oauth/tests/unit/test_access_tokens.py",
    ),
    Mutation(
        "swap the tenant",
        "services/actions/src/actions/handlers/sending.py",
        "            return await self.messenger.send(send.chert_tenant, send.key, message)\n",
        "            return await self.messenger.send(send.project_id, send.key, message)\n",
        "services/actions/tests/unit/test_sending.py",
    ),
    Mutation(
        "log a body",
        "services/actions/src/actions/adapters/chert.py",
        "                return _accepted(await self._client.send(chert_tenant, _outgoing(key, message)))\n",
        "                from chassis.logging import get_log\n"
        '                get_log().info("send.accepted", about=message.body)\n'
        "                return _accepted(await self._client.send(chert_tenant, _outgoing(key, message)))\n",
        "tests/faults/test_whole.py",
    ),
    Mutation(
        "unbounded queue",
        "services/webhooks/src/webhooks/adapters/admission.py",
        "        return late or len(self._came) >= self._max_deliveries or self._bytes >= self._max_bytes\n",
        "        return late and self._max_deliveries < 0\n",
        "services/webhooks/tests/unit/test_admission.py",
    ),
    Mutation(
        "non-constant-time compare",
        "libs/chassis/src/chassis/callers.py",
        "hmac.compare_digest(one.get_secret_value().encode(), given)",
        "one.get_secret_value().encode() == given",
        "tests/architecture/test_house.py",
    ),
)
