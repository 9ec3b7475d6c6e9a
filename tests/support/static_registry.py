"""A whole signed registry in memory, as a dict of path to bytes.

Everything is signed anew by `build`. A hook changes one kind of document before it is hashed and
signed (a registry that lies); changing ``files`` afterwards is a network or a cache that lies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from skillpkg import canonical_json
from skillpkg.archive.reader import read_archive
from skillpkg.crypto import bin_tree, dsse, merkle, names, note, tiles, trust
from skillpkg.crypto.checkpoint import Checkpoint, format_checkpoint
from skillpkg.crypto.encoding import b64, format_time
from skillpkg.install.verify import Verifier
from support.certificates import DAY, NOW, Holder, Pki, issue, make_crl, make_pki, root_shape
from support.memory import FixedClock, MemoryPlane, MemoryState
from support.skills import make_skill

Document = dict[str, Any]
Hook = Callable[[Document], Document]
KINDS = ("timestamp", "bin", "index", "release", "entry", "submitted", "trust")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Log:
    """A log's entries and keys."""

    origin: str
    key: Holder
    entries: list[bytes] = field(default_factory=list)
    witness_key: ed25519.Ed25519PrivateKey = field(
        default_factory=ed25519.Ed25519PrivateKey.generate
    )

    @property
    def vkey(self) -> str:
        return note.vkey_ecdsa(self.origin, self.key.spki)

    @property
    def ed25519_vkey(self) -> str:
        return note.vkey_ed25519(self.origin, self._ed25519())

    def _ed25519(self) -> bytes:
        return self.witness_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def hashes(self) -> list[bytes]:
        return [merkle.leaf_hash(entry) for entry in self.entries]

    def read_tile(self, level: int, n: int, width: int) -> bytes:
        row = self.hashes()
        for _ in range(level):
            row = [merkle.root_of(row[i : i + 256]) for i in range(0, len(row) // 256 * 256, 256)]
        return b"".join(row[n * 256 : n * 256 + width])

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        count = len(self.entries) if size is None else size
        return Checkpoint(self.origin, count, merkle.root_of(self.hashes()[:count]))

    def signed(self, checkpoint: Checkpoint | None = None, *, ecdsa: bool = True) -> bytes:
        """Return the note with an Ed25519 line and, unless told otherwise, the ECDSA line."""
        text = format_checkpoint(checkpoint or self.checkpoint())
        lines = [
            note.NoteSignature(
                self.origin,
                note.ed25519_key_id(self.origin, self._ed25519()),
                self.witness_key.sign(text.encode()),
            )
        ]
        if ecdsa:
            signature = self.key.sign(text.encode())
            known = note.ecdsa_key_id(self.key.spki)
            lines.insert(0, note.NoteSignature(self.origin, known, signature))
        return note.format_note(note.Note(text, tuple(lines)))


@dataclass
class Version:
    """A published version and what the log and its release record say of it."""

    archive: bytes
    document: Document
    release: bytes = b""


@dataclass
class Package:
    """A package; ``signer_class`` is what its index says of it."""

    namespace: str
    name: str
    signer_class: str
    signed_at: datetime
    sequence: int = 0
    versions: dict[str, Version] = field(default_factory=dict)
    last_entry: int | None = None
    entries: int = 0

    @property
    def id(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Ref:
    """Names a package for the verifier."""

    namespace: str
    name: str


class StaticRegistry:
    """A registry whose every object is in ``files`` after `build`.

    Args:
        pki: certificates; fresh ones by default.
        prefix_length: of the bins.
    """

    def __init__(self, pki: Pki | None = None, prefix_length: int = 1) -> None:
        self.pki = pki or make_pki()
        self.prefix_length = prefix_length
        self.now = NOW
        self.registry_id = self.pki.id
        self.signer = (self.pki.leaf, self.pki.registry_ca)
        self.publisher = (self.pki.publisher, self.pki.publisher_ca)
        origin = names.log_origin(self.registry_id)
        self.log = Log(origin, issue(root_shape("log key"), None))
        self.packages: dict[str, Package] = {}
        self.crls = {
            names.ca_id(ca.spki): make_crl(ca)
            for ca in (self.pki.root, self.pki.registry_ca, self.pki.publisher_ca)
        }
        self.crl_numbers = dict.fromkeys(self.crls, 1)
        self.hooks: dict[str, Hook] = {}
        self.files: dict[str, bytes] = {}
        self.valid_for = timedelta(hours=72)
        self._documents: dict[bytes, bytes] = {}

    def publish(
        self,
        namespace: str,
        name: str,
        version: str = "1.0.0",
        *,
        publisher: bool = False,
        archive: bytes | None = None,
        dependencies: Mapping[str, str] | None = None,
        time: datetime | None = None,
        signed_bytes: bytes | None = None,
        files: Mapping[str, bytes] | None = None,
        submitted: datetime | None = None,
    ) -> StaticRegistry:
        """Add a version: pack, sign, log, release.

        ``time`` is the log's (two days ago), ``submitted`` the same of a publisher's signature.
        """
        data = archive or make_skill(
            namespace, name, version, dependencies=dependencies, files=files
        )
        kind = "publisher" if publisher else "registry"
        package = self.packages.setdefault(
            f"{namespace}/{name}", Package(namespace, name, kind, self.now)
        )
        leaf, issuer = self.publisher if publisher else self.signer
        signer: Document = {"kind": kind}
        if publisher:
            signer["cert_serial"] = f"{leaf.certificate.serial_number:x}"
        common = {
            "version": version,
            "sha256": sha256(data),
            "content_digest": _content_digest(data),
            "size": len(data),
            "signer": signer,
        }
        at = time or self.now - 2 * DAY
        signature = leaf.sign(signed_bytes or data)
        first = self._submit(package, common, leaf, submitted or at, signature, kind)
        index = self._log(package, "publish", common | {"leaf": sha256(leaf.der)}, at)
        document = common | {
            "dependencies": dict(dependencies or {}),
            "state": "published",
            "deprecated": None,
            "published_at": format_time(at),
            "log_index": index,
        }
        record = self._release(signature, (leaf, issuer), index, first)
        published = Version(data, document, record)
        package.versions[version] = published
        package.sequence += 1
        package.signed_at = self.now - timedelta(hours=1)
        return self

    def _submit(
        self,
        package: Package,
        common: Document,
        leaf: Holder,
        at: datetime,
        signature: bytes,
        kind: str,
    ) -> int | None:
        """Log a publisher's signature; None for the registry's own."""
        if kind == "registry":
            return None
        facts = {"leaf": sha256(leaf.der), "signature": sha256(signature)}
        return self._log(package, "submitted", common | facts, at)

    def _log(self, package: Package, kind: str, facts: Document, at: datetime) -> int:
        package.entries += 1
        entry = facts | {
            "schema": "skreg.entry/1",
            "type": kind,
            "registry": self.registry_id,
            "namespace": package.namespace,
            "name": package.name,
            "time": format_time(at),
            "seq": package.entries,
            "prev": package.last_entry,
        }
        package.last_entry = len(self.log.entries)
        name = "entry" if kind == "publish" else kind
        self.log.entries.append(self._document(name, entry))
        return package.last_entry

    def _release(
        self, signature: bytes, chain: tuple[Holder, Holder], index: int, submitted: int | None
    ) -> bytes:
        first = {} if submitted is None else {"submitted": self._proven(submitted)}
        return self._document(
            "release",
            {
                "schema": "skreg.release/1",
                "signature": b64(signature),
                "chain": [b64(holder.der) for holder in chain],
                "checkpoint": self.log.signed().decode(),
            }
            | self._proven(index)
            | first,
        )

    def _proven(self, index: int) -> Document:
        proof = tiles.prove_inclusion(index, len(self.log.entries), self.log.read_tile)
        return {
            "entry": self.log.entries[index].decode(),
            "index": index,
            "proof": [b64(one) for one in proof],
        }

    def _document(self, kind: str, document: Document) -> bytes:
        return canonical_json.dumps(self.hooks.get(kind, lambda same: same)(document))

    def envelope(self, payload_type: str, payload: bytes, *chain: Holder) -> bytes:
        """Return a DSSE envelope signed by the first of ``chain``."""
        signature = dsse.EnvelopeSignature(
            chain[0].sign(dsse.pae(payload_type, payload)), tuple(one.der for one in chain)
        )
        return dsse.to_bytes(dsse.Envelope(payload_type, payload, (signature,)))

    def build(self) -> StaticRegistry:
        """Write every object, signed at ``now``."""
        self.files.update({names.crl_path(ca): der for ca, der in self.crls.items()})
        self._write_log()
        rows = {package.id: self._write_package(package) for package in self.packages.values()}
        self._write_timestamp(self._write_bins(rows))
        self.files["/trust/1.json"] = self.files["/trust/latest.json"] = self.bundle()
        return self

    def _write_log(self) -> None:
        size = len(self.log.entries)
        self.files["/log/checkpoint"] = self.log.signed()
        for level, n, width in tiles.tiles_between(0, size):
            path = f"/log/{tiles.tile_path(level, n, width)}"
            self.files[path] = self.log.read_tile(level, n, width)

    def _write_package(self, package: Package) -> Document:
        for version in package.versions.values():
            base = f"/packages/{package.id}/{version.document['version']}"
            base += f"/{version.document['sha256']}"
            self.files[f"{base}.skill"] = version.archive
            self.files[f"{base}.release"] = version.release
        listed = [v.document | {"release": sha256(v.release)} for v in package.versions.values()]
        payload = self._document(
            "index",
            {
                "schema": "skreg.index/1",
                "registry": self.registry_id,
                "namespace": package.namespace,
                "name": package.name,
                "sequence": package.sequence,
                "signed_at": format_time(package.signed_at),
                "signer_class": package.signer_class,
                "dist_tags": {"latest": list(package.versions)[-1]},
                "versions": listed,
                "advisories": [],
            },
        )
        if payload not in self._documents:
            self._documents[payload] = self.envelope(dsse.INDEX_TYPE, payload, *self.signer)
        data = self._documents[payload]
        self.files[f"/index/{package.id}/{sha256(data)}.json"] = data
        return {"sequence": package.sequence, "sha256": sha256(data)}

    def _write_bins(self, rows: Mapping[str, Document]) -> bytes:
        bins: list[Document] = [{} for _ in range(16**self.prefix_length)]
        for package, row in rows.items():
            bins[int(bin_tree.bin_prefix(package, self.prefix_length), 16)][package] = row
        digests = []
        for i, one in enumerate(bins):
            data = self._document("bin", one)
            prefix = f"{i:0{self.prefix_length}x}"
            self.files[bin_tree.bin_path(prefix, sha256(data))] = data
            digests.append(hashlib.sha256(data).digest())
        written = bin_tree.build(digests)
        self.files.update({tile.path: tile.data for tile in written})
        return written[-1].root

    def _write_timestamp(self, root: bytes) -> None:
        payload = self._document(
            "timestamp",
            {
                "schema": "skreg.timestamp/1",
                "registry": self.registry_id,
                "issued_at": format_time(self.now),
                "expires_at": format_time(self.now + self.valid_for),
                "prefix_length": self.prefix_length,
                "root": root.hex(),
                "checkpoint_size": len(self.log.entries),
                "crl_numbers": self.crl_numbers,
            },
        )
        data = self.envelope(dsse.TIMESTAMP_TYPE, payload, *self.signer)
        self.files["/index/timestamp"] = data

    def trust_bundle(self) -> trust.TrustBundle:
        """Return the bundle as a client holds it."""
        root = trust.TrustedRoot(names.fingerprint(self.pki.root.spki), self.pki.root.der)
        begin = NOW - 800 * DAY
        logs = (
            trust.make_log_key(self.log.origin, self.log.vkey, begin),
            trust.make_log_key(self.log.origin, self.log.ed25519_vkey, begin),
        )
        return trust.TrustBundle(1, self.registry_id, (root,), logs, (), "0.1.0")

    def bundle(self) -> bytes:
        """Return the bundle in its envelope, signed by the root."""
        document = canonical_json.loads(trust.to_payload(self.trust_bundle()))
        return self.envelope(dsse.TRUST_TYPE, self._document("trust", document), self.pki.root)

    def revoke(self, ca: Holder, crl: bytes, number: int) -> None:
        """Serve another CRL of a CA and promise its number."""
        self.crls[names.ca_id(ca.spki)] = crl
        self.crl_numbers[names.ca_id(ca.spki)] = number

    def set_state(self, package: str, version: str, **changes: Any) -> None:
        """Change fields of a version's row in the index."""
        found = self.packages[package].versions[version]
        self.packages[package].versions[version] = replace(found, document=found.document | changes)
        self.packages[package].sequence += 1


@dataclass
class Client:
    """A verifier with its parts, over a registry's files."""

    registry: StaticRegistry
    state: MemoryState = field(default_factory=MemoryState)

    def __post_init__(self) -> None:
        self.plane = MemoryPlane(self.registry.files)
        self.clock = FixedClock(self.registry.now)
        self.restart()

    def restart(self) -> Client:
        """Begin a new run with the same memory."""
        self.verifier = Verifier(self.plane, self.registry.trust_bundle(), self.state, self.clock)
        return self


def _content_digest(data: bytes) -> str:
    return read_archive(data).content_digest
