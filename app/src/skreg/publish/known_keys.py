"""Each key that was ever used, by its reference: a backend that now gives another is not used.

The reference of a KMS key names its version, which never changes; what a token calls by a label
can be made anew. A process pins a key when it opens it, and this pins it for the next process.
"""

from __future__ import annotations

import json

from skillpkg.crypto import names
from skreg.db.locks import PKI_LOCK, exclusive
from skreg.db.pool import Pool
from skreg.db.queries import pki
from skreg.errors import KeyMismatch
from skreg.pki.keys import PkiKeys
from skreg.signing import VerifiedSigner


async def require_known(pool: Pool, keys: PkiKeys) -> None:
    """Require that each reference stands for the key it stood for before; keep new ones.

    Raises:
        KeyMismatch: one stands for another key; nothing is kept.
    """
    async with exclusive(pool, PKI_LOCK) as connection:
        stored: dict[str, str] = json.loads(await pki.read(connection, pki.KNOWN_KEYS) or b"{}")
        known = dict(stored)
        for signer in keys.every:
            found = names.fingerprint(signer.spki())
            if known.setdefault(signer.key_ref, found) != found:
                raise _another(signer, known[signer.key_ref], found)
        if known != stored:
            await pki.save(connection, pki.KNOWN_KEYS, json.dumps(known, sort_keys=True).encode())
        await connection.commit()


def _another(signer: VerifiedSigner, before: str, now: str) -> KeyMismatch:
    return KeyMismatch(
        "A key's reference stands for another key than before.",
        why=f"{signer.key_ref} was {before} and is {now}.",
        fix="Find out who replaced it. A successor gets a label, id or version of its own, and its "
        "URI goes into the settings: docs/KEYS.md.",
    )
