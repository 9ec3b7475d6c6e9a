"""The registry's half of a ceremony that a root elsewhere signs: ask, and bring the answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skreg.administration import with_pool
from skreg.bootstrap import utc_now
from skreg.ceremonies.offline import read_file, write_file
from skreg.ceremonies.place import Work, ask_worker, keep, with_keys
from skreg.db.pool import Pool, writing
from skreg.db.queries import pki
from skreg.pki.bundle import BundleFacts
from skreg.pki.ceremony import request
from skreg.pki.ceremony_json import grant_from_bytes, request_to_bytes
from skreg.pki.offer import CeremonyRequest
from skreg.pki.revoke import revocation_of
from skreg.pki.transcript import contents, proposal

__all__ = ["Wishes", "ask", "bring", "keep", "write_request"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request asks for beyond keys that are new.

    Attributes:
        redirect_hosts, minimum_client: of the next trust bundle; None leaves them as they are.
        revoked: serial numbers of intermediates to revoke, for ``reason``.
        new_root: the root is to be replaced.
    """

    redirect_hosts: tuple[str, ...] | None = None
    minimum_client: str | None = None
    revoked: tuple[int, ...] = ()
    reason: str = "unspecified"
    new_root: bool = False

    def facts(self, present: BundleFacts) -> BundleFacts:
        """Return the facts of the next bundle."""
        hosts = present.redirect_hosts if self.redirect_hosts is None else self.redirect_hosts
        return BundleFacts(hosts, self.minimum_client or present.minimum_client)


def ask(data: Path | None, out: Path, wishes: Wishes) -> list[str]:
    """Write a ceremony request of the worker's keys to a file.

    Raises:
        KeyMissing, KeyDisabled, SigningUnavailable: from the keys' backends.
        Unprocessable: a revocation that cannot be.
    """

    async def work(found: Work) -> list[str]:
        present = _present_facts(found)
        now = utc_now()
        asked = request(
            found.keys,
            wishes.facts(present),
            found.state,
            revocations=[
                revocation_of(serial, wishes.reason, None, now) for serial in wishes.revoked
            ],
            replaces_root=wishes.new_root,
        )
        return await write_request(found, asked, out)

    return with_keys(data, work)


async def write_request(found: Work, asked: CeremonyRequest, out: Path) -> list[str]:
    """Write a request to its file, note that it waits; returns what it says and what is next."""
    write_file(out, request_to_bytes(asked))
    await pki.save(found.connection, pki.REQUEST, request_to_bytes(asked))
    await found.connection.commit()
    new_root = " --new-root URI" if asked.replaces_root else ""
    command = f"skreg pki sign {out.name} --root URI{new_root} --out grant.json"
    return [*proposal(asked), f"Next, where the root is: {command}"]


def bring(data: Path | None, grant_file: Path) -> list[str]:
    """Hand a grant to the worker, which installs it; needs no key.

    Returns:
        What the grant holds, to be compared with the transcript, and what is next.

    Raises:
        ConfigurationInvalid: the file is no grant.
    """
    stored = read_file(grant_file)
    granted = grant_from_bytes(stored)

    async def work(pool: Pool) -> None:
        async with writing(pool) as connection:
            await pki.save(connection, pki.GRANT, stored)
        async with pool.connect() as connection:
            await ask_worker(connection)

    with_pool(data, work)
    return [
        *contents(granted),
        "Compare these lines with the transcript. The grant waits for the worker, which checks it "
        "first.",
        "Next: skreg pki status",
    ]


def _present_facts(found: Work) -> BundleFacts:
    from skillpkg.crypto import trust
    from skreg.pki.bundle import facts_of

    if found.state is None:
        return BundleFacts()
    return facts_of(trust.open_bundle(found.state.bundle, found.state.root_fingerprint))
