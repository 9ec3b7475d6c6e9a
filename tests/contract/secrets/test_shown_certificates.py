"""The CAs' certificates in the secret that the infrastructure made for them, in every store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from skreg.adapters.secrets import open_secret, open_secret_store
from skreg.errors import Missing, Unavailable
from skreg.pki.local import ensure_local_pki
from skreg.pki.state import PkiState
from skreg.ports.secrets import NamedSecret, SecretStore
from skreg.publish.shown_certificates import AGAIN_AFTER, ShownCertificates
from support.openssl import openssl
from support.secret_backends import CERTIFICATES, SecretBackend

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> tuple[PkiState, PkiState]:
    """Two registries' certificates, as before and after a succession."""
    made = [ensure_local_pki(tmp_path_factory.mktemp(name), lambda: NOW)[1] for name in "ab"]
    return made[0].state, made[1].state


@dataclass
class Counted:
    """A store that counts what is written to it."""

    store: SecretStore
    written: list[str] = field(default_factory=list)

    def read(self, name: str) -> bytes:
        return self.store.read(name)

    def write(self, name: str, value: bytes) -> None:
        self.written.append(name)
        self.store.write(name, value)


async def test_they_are_written_once_and_again_when_they_change(
    backend: SecretBackend, states: tuple[PkiState, PkiState], tmp_path: Path
) -> None:
    if not backend.writes:
        return
    place, mark, options = backend.uri.partition("?")
    store, name = open_secret(f"{place}/{CERTIFICATES}{mark}{options}")
    counted = Counted(store)
    for state in (*states, states[0]):
        before = len(counted.written)
        for _ in range(2):
            started_again = ShownCertificates(NamedSecret(counted, name))
            assert await started_again.show(state, NOW) is None
            assert await started_again.show(state, NOW) is None
        assert len(counted.written) == before + 1, "a start adds no version of the same"
        assert open_secret_store(backend.uri).read(name) == state.authorities_pem.encode()
    _openssl_reads_three(tmp_path, store.read(name))


def _openssl_reads_three(folder: Path, found: bytes) -> None:
    (folder / "cas.pem").write_bytes(found)
    nothing = ["-nocrl", "-certfile", str(folder / "cas.pem")]
    packed = openssl("crl2pkcs7", *nothing)
    shown = openssl("pkcs7", "-print_certs", "-noout", data=packed.encode())
    subjects = [line for line in shown.splitlines() if line.startswith("subject=")]
    assert ["registry-ca" in subjects[0], "publisher-ca" in subjects[1]] == [True, True]
    assert ("root" in subjects[2], len(subjects)) == (True, 3)


class Away:
    """A store that does not answer, and counts who asks."""

    asked = 0

    def read(self, name: str) -> bytes:
        self.asked += 1
        raise Unavailable("The store does not answer.")

    def write(self, name: str, value: bytes) -> None:
        raise AssertionError("what cannot be read is not overwritten")


async def test_a_store_that_is_away_is_told_and_left_alone_a_while(
    states: tuple[PkiState, PkiState],
) -> None:
    away = Away()
    shown = ShownCertificates(NamedSecret(away, "cas"))
    first = await shown.show(states[0], NOW)
    assert isinstance(first, Unavailable)
    assert await shown.show(states[0], NOW + AGAIN_AFTER - timedelta(seconds=1)) is first
    assert away.asked == 1
    assert await shown.show(states[0], NOW + AGAIN_AFTER) is not first
    assert away.asked == 2


async def test_a_secret_that_nobody_made_is_told(states: tuple[PkiState, PkiState]) -> None:
    class Nowhere(Away):
        def read(self, name: str) -> bytes:
            raise Missing("The secret does not exist or may not be used.")

        def write(self, name: str, value: bytes) -> None:
            raise Missing("The secret does not exist or may not be used.")

    failure = await ShownCertificates(NamedSecret(Nowhere(), "cas")).show(states[0], NOW)
    assert isinstance(failure, Missing)


async def test_without_a_place_nothing_is_shown(states: tuple[PkiState, PkiState]) -> None:
    assert await ShownCertificates(None).show(states[0], NOW) is None
