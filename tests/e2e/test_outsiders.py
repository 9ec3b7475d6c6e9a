"""What a registry publishes, judged by others: openssl, and a reader of the log of its own kind."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import zlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import plain_reader as plain
import pytest

from support.openssl import accepts, openssl
from support.published import DAY, PUBLISHED_AT, RENEWED_AFTER, Published

pytestmark = pytest.mark.xdist_group("published")


def seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def as_pem(der: bytes, path: Path) -> str:
    """Let openssl write a certificate as PEM; returns the path."""
    openssl("x509", "-inform", "DER", "-out", str(path), data=der)
    return str(path)


def payload(envelope: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    return found


def chain_of(envelope: bytes) -> list[bytes]:
    return [base64.b64decode(one) for one in json.loads(envelope)["signatures"][0]["chain"]]


def root_der(folder: Path) -> bytes:
    bundle = payload((folder / "trust" / "latest.json").read_bytes())
    return base64.b64decode(bundle["roots"][0]["certificate"])


def subject_key_id(certificate: str) -> str:
    """The id that a CA's list is found under: 16 hex digits of the SHA-256 of its public key."""
    pem = openssl("x509", "-in", certificate, "-noout", "-pubkey")
    body = "".join(line for line in pem.splitlines() if not line.startswith("-"))
    return hashlib.sha256(base64.b64decode(body)).hexdigest()[:16]


class Outsider:
    """Has the folder, the root and two intermediates, and openssl.

    The publisher CA's certificate comes with the first release that a publisher signs; until then
    an outsider has it from the operator and compares it with the log.
    """

    def __init__(self, registry: Published, folder: Path, scratch: Path) -> None:
        self.folder, self.scratch = folder, scratch
        leaf, registry_ca = chain_of((folder / "index" / "timestamp").read_bytes())
        self.leaf = as_pem(leaf, scratch / "leaf.pem")
        self.root = as_pem(root_der(folder), scratch / "root.pem")
        self.registry_ca = as_pem(registry_ca, scratch / "registry-ca.pem")
        self.publisher_ca = as_pem(registry.publisher_ca, scratch / "publisher-ca.pem")

    def authorities(self) -> dict[str, str]:
        """The three CAs by the id of their list."""
        return {
            subject_key_id(one): one for one in (self.root, self.registry_ca, self.publisher_ca)
        }

    def lists(self) -> str:
        """Every revocation list, as one PEM file."""
        pem = [
            openssl("crl", "-inform", "DER", "-in", str(path))
            for path in sorted((self.folder / "crl").glob("*.crl"))
        ]
        place = self.scratch / "lists.pem"
        place.write_text("".join(pem))
        return str(place)

    def chain(self, leaf: str, *words: str) -> tuple[str, ...]:
        """The command that judges a leaf, all lists at hand."""
        return (
            *("verify", "-x509_strict", "-purpose", "any", "-policy_check"),
            *("-crl_check_all", "-CRLfile", self.lists()),
            *("-CAfile", self.root, "-untrusted", self.registry_ca, *words, leaf),
        )


@pytest.fixture(params=[False, True], ids=["published", "renewed"])
def outsider(
    request: pytest.FixtureRequest, stopped_registry: Published, tmp_path: Path
) -> Outsider:
    folder = stopped_registry.renewed if request.param else stopped_registry.folder
    return Outsider(stopped_registry, folder, tmp_path)


def test_openssl_accepts_every_detached_signature(
    outsider: Outsider, stopped_registry: Published, tmp_path: Path
) -> None:
    archives = sorted(outsider.folder.rglob("*.skill"))
    assert len(archives) == len(stopped_registry.sha256)
    for archive in archives:
        release = json.loads(archive.with_suffix(".release").read_bytes())
        leaf = as_pem(base64.b64decode(release["chain"][0]), tmp_path / "signer.pem")
        (tmp_path / "key.pem").write_text(openssl("x509", "-in", leaf, "-noout", "-pubkey"))
        signature = archive.with_suffix(".sig")
        assert signature.read_bytes() == base64.b64decode(release["signature"])
        words = ("dgst", "-sha256", "-verify", str(tmp_path / "key.pem"), "-signature")
        assert "Verified OK" in openssl(*words, str(signature), str(archive))
        changed = tmp_path / "changed.skill"
        changed.write_bytes(archive.read_bytes() + b"\x00")
        assert not accepts(*words, str(signature), str(changed))


def test_openssl_accepts_every_revocation_list(outsider: Outsider) -> None:
    authorities = outsider.authorities()
    lists = {path.stem: path for path in (outsider.folder / "crl").glob("*.crl")}
    assert set(lists) == set(authorities)
    for issuer, path in lists.items():
        for name, certificate in authorities.items():
            words = ("crl", "-inform", "DER", "-in", str(path), "-noout", "-CAfile", certificate)
            printed = printed_by(*words, "-verify")
            assert ("verify OK" in printed) == (name == issuer), printed
        text = openssl("crl", "-inform", "DER", "-in", str(path), "-noout", "-text")
        assert "X509v3 CRL Number" in text
        assert "ecdsa-with-SHA256" in text


def printed_by(*words: str) -> str:
    """What openssl prints, whatever it ends with."""
    done = subprocess.run(["openssl", *words], capture_output=True, check=False)
    return (done.stdout + done.stderr).decode()


def test_openssl_accepts_the_present_chain_with_every_list(
    outsider: Outsider, stopped_registry: Published
) -> None:
    renewed = outsider.folder == stopped_registry.renewed
    now = PUBLISHED_AT + (RENEWED_AFTER if renewed else DAY) + timedelta(minutes=1)
    assert ": OK" in openssl(*outsider.chain(outsider.leaf, "-attime", seconds(now)))
    late = now + timedelta(days=91)
    assert "expired" in printed_by(*outsider.chain(outsider.leaf, "-attime", seconds(late)))


def test_openssl_accepts_the_chain_of_every_release_at_the_time_of_its_entry(
    outsider: Outsider, tmp_path: Path
) -> None:
    for record in outsider.folder.rglob("*.release"):
        release = json.loads(record.read_bytes())
        leaf = as_pem(base64.b64decode(release["chain"][0]), tmp_path / "signer.pem")
        at = datetime.fromisoformat(json.loads(release["entry"])["time"])
        words = ("verify", "-x509_strict", "-purpose", "any", "-attime", seconds(at))
        chain = ("-CAfile", outsider.root, "-untrusted", outsider.registry_ca)
        assert ": OK" in openssl(*words, *chain, leaf)


def test_openssl_refuses_the_first_leaf_when_it_has_expired(
    outsider: Outsider, stopped_registry: Published, tmp_path: Path
) -> None:
    first, _ = chain_of((stopped_registry.folder / "index" / "timestamp").read_bytes())
    leaf = as_pem(first, tmp_path / "first.pem")
    at = seconds(PUBLISHED_AT + RENEWED_AFTER + timedelta(minutes=1))
    assert "certificate has expired" in printed_by(*outsider.chain(leaf, "-attime", at))


def test_another_reader_recomputes_the_root_of_the_log(outsider: Outsider) -> None:
    note = (outsider.folder / "log" / "checkpoint").read_bytes()
    _, size, root, _, _ = plain.checkpoint(note)
    hashes = plain.hashes(outsider.folder, size)
    entries = plain.entries(outsider.folder, size)
    assert plain.tree(hashes) == root
    assert [plain.leaf(entry) for entry in entries] == hashes
    assert len(entries) == size


def test_openssl_accepts_the_line_of_the_logs_own_key(outsider: Outsider, tmp_path: Path) -> None:
    note = (outsider.folder / "log" / "checkpoint").read_bytes()
    origin, _, _, text, lines = plain.checkpoint(note)
    bundle = payload((outsider.folder / "trust" / "latest.json").read_bytes())
    (log,) = bundle["logs"]
    name, key_id, key = log["vkey"].split("+", 2)
    spki = base64.b64decode(key)[1:]
    assert (name, base64.b64decode(key)[0]) == (origin, 2)
    (signature,) = (sig for signer, known, sig in lines if (signer, known.hex()) == (name, key_id))
    for file, data in (("key.der", spki), ("note", text), ("note.sig", signature)):
        (tmp_path / file).write_bytes(data)
    openssl("pkey", "-pubin", "-inform", "DER", "-in", str(tmp_path / "key.der"),
            "-out", str(tmp_path / "key.pem"))  # fmt: skip
    words = ("dgst", "-sha256", "-verify", str(tmp_path / "key.pem"), "-signature")
    assert "Verified OK" in openssl(*words, str(tmp_path / "note.sig"), str(tmp_path / "note"))


def test_another_reader_finds_every_release_in_the_log(outsider: Outsider) -> None:
    note = (outsider.folder / "log" / "checkpoint").read_bytes()
    _, size, _, _, _ = plain.checkpoint(note)
    entries, hashes = plain.entries(outsider.folder, size), plain.hashes(outsider.folder, size)
    records = list(outsider.folder.rglob("*.release"))
    for record in records:
        release = json.loads(record.read_bytes())
        index, entry = release["index"], release["entry"].encode()
        _, covered, root, _, _ = plain.checkpoint(release["checkpoint"].encode())
        assert entries[index] == entry
        assert plain.tree(hashes[:covered]) == root
        proof = [base64.b64decode(one) for one in release["proof"]]
        assert plain.climbed(index, covered, plain.leaf(entry), proof) == root
        facts = json.loads(entry)
        archive = record.with_suffix(".skill").read_bytes()
        assert facts["sha256"] == hashlib.sha256(archive).hexdigest() == record.stem
        tar = zlib.decompress(archive, 31)
        assert facts["content_digest"] == hashlib.sha256(tar).hexdigest()
    published = [one for one in map(json.loads, entries) if one["type"] == "publish"]
    assert len(published) == len(records)


def test_the_log_names_every_certificate_and_the_present_lists(
    outsider: Outsider, stopped_registry: Published
) -> None:
    _, size, _, _, _ = plain.checkpoint((outsider.folder / "log" / "checkpoint").read_bytes())
    entries = [json.loads(entry) for entry in plain.entries(outsider.folder, size)]
    issued = {one["sha256"] for one in entries if one["type"] == "cert-issued"}
    present = chain_of((outsider.folder / "index" / "timestamp").read_bytes())
    for der in (*present, stopped_registry.publisher_ca):
        assert hashlib.sha256(der).hexdigest() in issued
    lists = {(one["ca"], one["sha256"]) for one in entries if one["type"] == "crl"}
    for path in (outsider.folder / "crl").glob("*.crl"):
        assert (path.stem, hashlib.sha256(path.read_bytes()).hexdigest()) in lists
    times = [one["time"] for one in entries]
    assert times == sorted(times)
