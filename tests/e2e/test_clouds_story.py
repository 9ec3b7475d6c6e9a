"""The whole story with every signer and its own store, under a root that is offline.

The root is a SoftHSM2 token that only the ceremony's ``sign`` sees; the other keys are in each
cloud's KMS stand-in. Certificates, lists and signatures are judged by openssl, the install by the
client.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from cryptography import x509

from skillpkg.crypto import names
from support.absent import absent
from support.clouds import CLOUDS, Cloud
from support.database import DatabaseServer, database_server
from support.deployment import Deployment
from support.judged import Judge, publisher_leaf
from support.person import AGENT, Person
from support.registry_process import Http, said
from support.skills import make_skill
from support.softhsm import SoftHsm, library

PUBLISH = "/v1/packages/acme/demo/publish"
pytestmark = pytest.mark.xdist_group("clouds")


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseServer]:
    with database_server() as running:
        yield running


@pytest.fixture(params=sorted(CLOUDS))
def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cloud]:
    folder = tmp_path / "cloud"
    folder.mkdir()
    with CLOUDS[request.param](folder) as found:
        if found.absent:
            absent(found.absent)
        yield found


@pytest.fixture
def offline_root(tmp_path: Path) -> tuple[str, dict[str, str]]:
    """A place in an empty token, and the environment of the machine it is plugged into."""
    module = library()
    if module is None:
        absent("SoftHSM2 is not installed")
    folder = tmp_path / "vault"
    folder.mkdir()
    hsm = SoftHsm(folder, module)
    return hsm.uri("token=skreg;object=root"), hsm.environment


def hold_ceremony(made: Deployment, folder: Path, root: tuple[str, dict[str, str]]) -> list[str]:
    """Run the commands that docs/KEYS.md shows; returns the transcript's lines."""
    uri, vault = root
    asked, granted = str(folder / "request.json"), str(folder / "grant.json")
    shown = made.pki("init-root", uri, environment=vault)
    assert ", made now\nfingerprint  sha256:" in shown
    requested = made.pki("request", "--out", asked)
    assert "skreg pki sign" in made.pki("status")
    command = ("pki", "sign", asked, "--root", uri, "--out", granted)
    refused = said(*command, environment=vault, typed="no\n")
    assert (refused.returncode, Path(granted).exists()) == (1, False)
    done = said(*command, environment=vault, typed="yes\n")
    assert done.returncode == 0, done.stderr
    # What is signed is shown before anybody agrees, as it was where the keys are.
    assert requested.partition("Next")[0] in done.stderr
    transcript = Path(f"{granted}.txt").read_text()
    assert transcript.rstrip() in done.stdout
    installed = made.pki("install", granted, environment=made.common)
    compared = installed.partition("Compare")[0].splitlines()
    assert len(compared) == 7
    assert set(compared) < set(transcript.splitlines())
    hashed = hashlib.sha256(Path(granted).read_bytes()).hexdigest()
    assert f"grant         sha256:{hashed}" in compared
    return transcript.splitlines()


def test_publish_to_verified_install(
    cloud: Cloud,
    offline_root: tuple[str, dict[str, str]],
    server: DatabaseServer,
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        made = Deployment(cloud, stack.enter_context(server.empty()), tmp_path / "registry")
        http = stack.enter_context(made.whole())
        acme = http.sign_up("acme")
        _waits_for_its_root(made, acme)
        transcript = hold_ceremony(made, tmp_path, offline_root)
        made.wait_for_health()

        assert acme.upload(PUBLISH, make_skill("acme", "demo")).status == 202
        acme.wait_for("acme/demo", "1.0.0")
        if cloud.faults is not None:
            cloud.faults.throttle = 7  # more than one signature's attempts: the queue tries again
        assert acme.upload(PUBLISH, make_skill("acme", "demo", "1.1.0")).status == 202
        acme.wait_for("acme/demo", "1.1.0")

        fingerprint = made.pki("fingerprint", environment=made.common).strip()
        assert f"root key      {fingerprint}" in transcript
        person = Person(tmp_path / "person", datetime.now(UTC))
        person.ok("registry", "add", "acme", http.url, "--root-fingerprint", fingerprint)
        for version in ("1.0.0", "1.1.0"):
            person.ok("install", f"acme/demo@{version}", "-t", AGENT)
        person.ok("verify")
        _openssl_agrees(made, acme, tmp_path)
        _everything_is_audited(made)


def _waits_for_its_root(made: Deployment, acme: Http) -> None:
    made.wait_for_health("pki")
    refused = acme.upload(PUBLISH, make_skill("acme", "demo"))
    assert refused.status == 503
    assert "skreg pki status" in refused.json()["detail"]
    assert "skreg pki request" in made.pki("status")
    assert acme.get("/v1/search?q=demo").status == 200


def _openssl_agrees(made: Deployment, acme: Http, folder: Path) -> None:
    """Go by the certificates in ``PKI_SECRET``, as somebody with openssl alone would."""
    cas = x509.load_pem_x509_certificates(made.cloud.kept())
    judge = Judge(made.http, folder, tuple(cas))
    judge.judge_all("acme/demo", (folder / "request.json").read_bytes())
    leaf = publisher_leaf(acme, "acme")
    judge.has_profile(leaf, "CA:FALSE", f"Policy: {names.PUBLISHER_SIGNED}", ":publisher:acme")
    assert judge.chains(leaf, judge.publisher_ca, names.PUBLISHER_SIGNED)


def _everything_is_audited(made: Deployment) -> None:
    sql = "SELECT subject, details FROM audit WHERE action = 'signature'"
    with psycopg.connect(made.database_url) as connection:
        rows = connection.execute(sql).fetchall()
    signed = [row for row in rows if row[1]["outcome"] == "signed"]
    purposes = {details["purpose"] for _, details in signed}
    assert purposes >= {"certificate-request", "leaf-certificate", "crl", "archive", "checkpoint"}
    assert len([1 for _, details in signed if details["purpose"] == "archive"]) == 2
    assert len({subject for subject, _ in signed}) == 4
    status = made.pki("status")
    assert re.search(r"signed       2 archive with (file|pkcs11|awskms|gcpkms|azurekms):", status)
    if made.cloud.faults is not None:
        assert "SigningUnavailable" in {details["outcome"] for _, details in rows}
