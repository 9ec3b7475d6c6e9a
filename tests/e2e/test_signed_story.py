"""An organisation signs with its own key: certificate, signature, publication, install, revocation.

Every step is a command of the released programs against a running API and worker.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.database import database_server
from support.openssl import openssl
from support.populated import UNLIMITED
from support.publisher import CURVE
from support.registry import Registry
from support.registry_process import Http, free_port, running, wait_until_ready

BIN = Path(sys.executable).parent
PASSWORD = "correct horse battery staple"
SKILL = """---
name: helper
description: Reads a table in a Markdown file and answers questions about it.
---
Read the header first.
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, its JSON document, what it said on the way."""

    code: int
    document: dict[str, Any]
    said: str


@dataclass(frozen=True)
class Organisation:
    """The account ``acme`` at a shell; it owns ``umbrella``."""

    folder: Path
    url: str

    def run(self, *words: str, stdin: str = "") -> Ended:
        home = self.folder / "home"
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SKILLPKG_")}
        environment = kept | {
            "HOME": str(home),
            "SKILLPKG_HOME": str(home / ".skillpkg"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }
        done = subprocess.run(
            [str(BIN / "skillpkg"), *words, "--json"],
            cwd=self.folder,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ended(done.returncode, json.loads(done.stdout or "{}"), done.stderr)

    def ok(self, *words: str, stdin: str = "") -> dict[str, Any]:
        ended = self.run(*words, stdin=stdin)
        assert ended.code == 0, ended.said
        return ended.document

    def as_owner(self, *words: str) -> dict[str, Any]:
        """Run what asks for more than a token that publishes."""
        return self.ok(*words, "--username", "acme", "--password-stdin", stdin=f"{PASSWORD}\n")

    def certificate(self, key: str, **more: str) -> dict[str, Any]:
        options = [word for name, value in more.items() for word in (f"--{name}", value)]
        return self.as_owner("cert", "request", "umbrella", "--key", key, *options)

    def pack(self, version: str) -> str:
        """Pack the skill; returns the archive's name."""
        name = f"helper-{version}.skill"
        identity = ("--namespace", "umbrella", "--version", version)
        self.ok("pack", "helper", *identity, "--output", name)
        return name


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organisation]:
    root = tmp_path_factory.mktemp("signed")
    log, port = root / "log", free_port()
    url = f"http://127.0.0.1:{port}"
    with database_server() as server, server.empty() as database:
        registry = Registry(database, root / "registry")
        api = registry.common | UNLIMITED | {"LISTEN_PORT": str(port), "PUBLIC_URL": url}
        worker = registry.worker_environment() | {"PUBLIC_URL": url}
        with running("worker", worker, log), running("api", api, log) as process:
            wait_until_ready(Http(url), process, log)
            yield _moved_in(root / "organisation", url)


def _moved_in(folder: Path, url: str) -> Organisation:
    (folder / "helper").mkdir(parents=True)
    (folder / "helper" / "SKILL.md").write_text(SKILL)
    found = Organisation(folder, url)
    found.ok("registry", "add", "home", url, "--root-fingerprint", _fingerprint(url))
    found.ok("signup", "acme", "--password-stdin", stdin=f"{PASSWORD}\n")
    found.ok("login", "acme", "--password-stdin", stdin=f"{PASSWORD}\n")
    found.as_owner("namespace", "create", "umbrella")
    return found


def _fingerprint(url: str) -> str:
    """Return the root's fingerprint once the worker has made the keys' certificates."""
    deadline = time.monotonic() + 60
    while (answer := Http(url).get("/.well-known/skreg.json")).status != 200:
        assert time.monotonic() < deadline, answer.body
        time.sleep(0.2)
    return str(json.loads(answer.body)["root_fingerprints"][0])


def test_skillpkg_signs_and_publishes_at_once(organisation: Organisation) -> None:
    made = organisation.certificate("own.key", days="7")
    assert (organisation.folder / "own.key").stat().st_mode & 0o777 == 0o600
    assert made["chain"] == "own.chain.pem"
    signing = ("--sign-key", "own.key", "--chain", "own.chain.pem")
    identity = ("--namespace", "umbrella", "--version", "1.0.0")
    done = organisation.ok("publish", "helper", *identity, *signing)
    assert (done["state"], done["signed_by"]) == ("published", "umbrella")
    installed = organisation.ok("install", "umbrella/helper@1.0.0", "-t", "claude-code")
    assert [one["signed_by"] for one in installed["installed"]] == ["umbrella"]
    shown = organisation.ok("info", "umbrella/helper@1.0.0")["versions"][0]
    assert shown["signer"] == {"kind": "publisher", "cert_serial": made["serial"]}
    (listed,) = organisation.ok("list")["packages"]
    assert listed["signer"] == shown["signer"]
    (verified,) = organisation.ok("verify")["verified"]
    assert verified["signer"] == shown["signer"]


def test_openssl_signs_and_skillpkg_publishes(organisation: Organisation) -> None:
    """Our code never sees the key: the program of a token or an HSM may stand here as well."""
    folder = organisation.folder
    openssl(
        "req", "-new", "-newkey", "ec", *CURVE, "-nodes", "-subj", "/CN=umbrella",
        "-keyout", str(folder / "hsm.key"), "-out", str(folder / "hsm.csr"),
    )  # fmt: skip
    organisation.as_owner("cert", "request", "umbrella", "--csr", "hsm.csr", "-o", "hsm.pem")
    name = organisation.pack("1.1.0")
    openssl(
        "dgst", "-sha256", "-sign", str(folder / "hsm.key"), "-out", str(folder / f"{name}.sig"),
        str(folder / name),
    )  # fmt: skip
    signed = ("--signature", f"{name}.sig", "--chain", "hsm.pem")
    assert organisation.ok("publish", name, *signed)["state"] == "published"
    organisation.ok("install", "umbrella/helper@1.1.0", "-t", "claude-code")
    _openssl_accepts_what_is_served(organisation, folder / name, "hsm.pem", "1.1.0")


def _openssl_accepts_what_is_served(
    organisation: Organisation, archive: Path, chain: str, version: str
) -> None:
    folder = organisation.folder
    sha256 = organisation.ok("info", f"umbrella/helper@{version}")["versions"][0]["sha256"]
    path = f"/packages/umbrella/helper/{version}/{sha256}.sig"
    (folder / "served.sig").write_bytes(Http(organisation.url).get(path).body)
    public = openssl("x509", "-in", str(folder / chain), "-pubkey", "-noout")
    (folder / "public.pem").write_text(public)
    openssl(
        "dgst", "-sha256", "-verify", str(folder / "public.pem"),
        "-signature", str(folder / "served.sig"), str(archive),
    )  # fmt: skip


def test_a_signature_made_before_the_upload(organisation: Organisation) -> None:
    organisation.certificate("later.key")
    name = organisation.pack("1.2.0")
    chain = ("--chain", "later.chain.pem")
    signed = organisation.ok("sign", name, "--key", "later.key", *chain)
    published = organisation.ok("publish", name, "--signature", signed["signature"], *chain)
    assert published["sha256"] == signed["sha256"]


def test_a_revoked_certificate_signs_nothing_more(organisation: Organisation) -> None:
    made = organisation.certificate("lost.key")
    name = organisation.pack("1.3.0")
    organisation.as_owner("cert", "revoke", "umbrella", made["id"], "--reason", "superseded")
    signing = ("--sign-key", "lost.key", "--chain", "lost.chain.pem")
    refused = organisation.run("publish", name, *signing)
    assert refused.code == 5, refused.said
    assert "revok" in refused.said
    states = {
        one["id"]: one["state"]
        for one in organisation.as_owner("cert", "list", "umbrella")["results"]
    }
    assert states[made["id"]] in ("revoking", "revoked")


def test_what_does_not_fit_is_told_before_the_upload(organisation: Organisation) -> None:
    organisation.certificate("fits.key")
    organisation.certificate("other.key")
    name = organisation.pack("1.4.0")
    swapped = organisation.run(
        "publish", name, "--sign-key", "other.key", "--chain", "fits.chain.pem"
    )
    assert (swapped.code, "not by the certificate's key" in swapped.said) == (2, True)
    alone = organisation.run("publish", name, "--sign-key", "fits.key")
    assert (alone.code, "--chain" in alone.said) == (2, True)
    foreign = ("--namespace", "acme", "--version", "1.0.0")
    signing = ("--sign-key", "fits.key", "--chain", "fits.chain.pem")
    wrong = organisation.run("publish", "helper", *foreign, *signing)
    assert (wrong.code, "may not sign packages of acme" in wrong.said) == (2, True)
