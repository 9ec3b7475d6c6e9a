"""A registry that lies with its own keys: one part changed, index and timestamp signed again.

Everything above the part that was changed is genuine, so that an install gets as far as the check
of that very part. Works on a folder in place.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography import x509

from skillpkg import canonical_json
from skillpkg.crypto import bin_tree, dsse, names, tiles
from skreg.pki.local import local_keys
from skreg.pki.state import certificate_spki
from skreg.publish.sign.leaf import SigningLeaf

Document = dict[str, Any]
Change = Callable[[Document], None]


def sha256(data: bytes) -> str:
    """The SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


class Resigner:
    """The registry in ``folder`` with its keys.

    Args:
        keys: the folder with ``signing.pem``.
    """

    def __init__(self, folder: Path, keys: Path) -> None:
        self.folder = folder
        chain = dsse.parse(self._read("index/timestamp")).signatures[0].chain
        self._leaf = SigningLeaf(local_keys(keys).signing, chain)

    def change_release(self, package: str, change: Change) -> None:
        """Change the newest version's release record; the index then names the changed one."""
        version = self._index(package)["versions"][-1]
        place = self._place(package, version, "release")
        record: Document = json.loads(place.read_bytes())
        change(record)
        data = canonical_json.dumps(record)
        place.write_bytes(data)
        self._list(package, release=sha256(data))

    def change_archive(self, package: str, change: Callable[[bytes], bytes]) -> None:
        """Change the newest version's archive; the index then names hash and size of that."""
        version = self._index(package)["versions"][-1]
        old, record = (self._place(package, version, kind) for kind in ("skill", "release"))
        data = change(old.read_bytes())
        facts = {"sha256": sha256(data), "size": len(data)}
        self._place(package, version | facts, "skill").write_bytes(data)
        self._place(package, version | facts, "release").write_bytes(record.read_bytes())
        self._list(package, **facts)

    def change_index(self, package: str, change: Change) -> None:
        """Change the signed envelope of a package's index; bin, tile and timestamp lead to it."""
        row = self.bins()[_prefix(package)][package]
        envelope: Document = json.loads(self.index_path(package).read_bytes())
        change(envelope)
        self._commit(package, canonical_json.dumps(envelope), row["sequence"])

    def index_path(self, package: str) -> Path:
        """Where the index document is that the timestamp leads to."""
        row = self.bins()[_prefix(package)][package]
        return self.folder / "index" / package / f"{row['sha256']}.json"

    def bin_path(self, package: str) -> Path:
        """Where the bin is that the timestamp leads to."""
        prefix = _prefix(package)
        digest = self._digests()[int(prefix, 16)]
        return self.folder / bin_tree.bin_path(prefix, digest.hex())[1:]

    def tile_path(self) -> Path:
        """Where the one tile of the bins' tree is."""
        root = bytes.fromhex(self._timestamp()["root"])
        return self.folder / bin_tree.tile_path(0, 0, root)[1:]

    def archive_path(self, package: str, kind: str) -> Path:
        """Where the newest version's ``skill``, ``sig`` or ``release`` is."""
        return self._place(package, self._index(package)["versions"][-1], kind)

    def crl_paths(self) -> tuple[Path, Path]:
        """Where the lists are of the signing leaf's CA and of the root."""
        (chain,) = (one.chain for one in dsse.parse(self._read("index/timestamp")).signatures)
        bundle = _payload(self._read("trust/latest.json"))
        issuer = x509.load_der_x509_certificate(chain[1])
        ids = (names.ca_id(certificate_spki(issuer)), bundle["registry_id"])
        registry_ca, root = (self.folder / names.crl_path(one)[1:] for one in ids)
        return registry_ca, root

    def log_tile_path(self) -> Path:
        """Where the hashes of the log's last entries are."""
        size = int(self._read("log/checkpoint").split(b"\n")[1])
        return self.folder / "log" / tiles.tile_path(0, 0, size)

    def bins(self) -> dict[str, Document]:
        """Return the bins by prefix."""
        paths = (
            (f"{i:x}", bin_tree.bin_path(f"{i:x}", digest.hex())[1:])
            for i, digest in enumerate(self._digests())
        )
        return {prefix: json.loads(self._read(path)) for prefix, path in paths}

    def _read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def _digests(self) -> list[bytes]:
        data = self.tile_path().read_bytes()
        return [data[i : i + 32] for i in range(0, len(data), 32)]

    def _timestamp(self) -> Document:
        return _payload(self._read("index/timestamp"))

    def _index(self, package: str) -> Document:
        return _payload(self.index_path(package).read_bytes())

    def _place(self, package: str, version: Document, kind: str) -> Path:
        path = f"packages/{package}/{version['version']}/{version['sha256']}.{kind}"
        return self.folder / path

    def _list(self, package: str, **facts: Any) -> None:
        payload = self._index(package)
        payload["versions"][-1] |= facts
        payload["sequence"] += 1
        data = self._leaf.sign_document(dsse.INDEX_TYPE, payload)
        self._commit(package, data, payload["sequence"])

    def _commit(self, package: str, document: bytes, sequence: int) -> None:
        """Write a document and the bin, tile and timestamp that lead to it."""
        self._write(f"index/{package}/{sha256(document)}.json", document)
        bins = self.bins()
        bins[_prefix(package)][package] = {"sequence": sequence, "sha256": sha256(document)}
        digests = []
        for prefix, content in bins.items():
            data = canonical_json.dumps(content)
            self._write(bin_tree.bin_path(prefix, sha256(data))[1:], data)
            digests.append(hashlib.sha256(data).digest())
        (tile,) = bin_tree.build(digests)
        self._write(tile.path[1:], tile.data)
        payload = self._timestamp() | {"root": tile.root.hex()}
        signed = self._leaf.sign_document(dsse.TIMESTAMP_TYPE, payload)
        self._write("index/timestamp", signed)

    def _write(self, path: str, data: bytes) -> None:
        (self.folder / path).write_bytes(data)


def _payload(envelope: bytes) -> Document:
    found: Document = json.loads(b64decode(json.loads(envelope)["payload"]))
    return found


def _prefix(package: str) -> str:
    return bin_tree.bin_prefix(package, 1)
