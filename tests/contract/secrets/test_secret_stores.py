"""What every secret store does, shown on all of them through the port."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from skreg.adapters.secrets import SECRET_STORES, open_secret, open_secret_store
from skreg.adapters.secrets.awssm import AwsSecrets
from skreg.errors import ConfigurationInvalid, Missing, Unavailable
from support.secret_backends import (
    DISABLED,
    EMPTY,
    MISSING,
    PRESENT,
    SECRET_BACKENDS,
    VALUE,
    SecretBackend,
)


def test_every_store_is_in_this_suite() -> None:
    assert set(SECRET_BACKENDS) == set(SECRET_STORES)


def test_a_secret_is_read(backend: SecretBackend) -> None:
    assert open_secret_store(backend.uri).read(PRESENT) == VALUE


def test_a_secret_is_found_by_one_uri(backend: SecretBackend) -> None:
    place, mark, options = backend.uri.partition("?")
    store, name = open_secret(f"{place}/{PRESENT}{mark}{options}")
    assert store.read(name) == VALUE


def test_what_is_not_there_is_missing(backend: SecretBackend) -> None:
    with pytest.raises(Missing, match=MISSING):
        open_secret_store(backend.uri).read(MISSING)


def test_a_disabled_secret_is_missing(backend: SecretBackend) -> None:
    if backend.disabled:
        with pytest.raises(Missing):
            open_secret_store(backend.uri).read(DISABLED)


def test_a_written_secret_is_read_at_once(backend: SecretBackend) -> None:
    store = open_secret_store(backend.uri)
    if not backend.writes:
        with pytest.raises(ConfigurationInvalid, match="cannot be written"):
            store.write(PRESENT, b"new")
        return
    for value in (b"first", "zweiter, ä".encode(), VALUE):
        store.write(PRESENT, value)
        assert store.read(PRESENT) == value


def test_a_secret_without_a_value_is_missing_until_it_is_written(backend: SecretBackend) -> None:
    """As the infrastructure makes it: AWS and Google without a version, elsewhere not at all."""
    store = open_secret_store(backend.uri)
    with pytest.raises(Missing):
        store.read(EMPTY)
    if backend.writes:
        store.write(EMPTY, VALUE)
        assert store.read(EMPTY) == VALUE


def test_a_store_that_does_not_answer_is_unavailable(
    backend: SecretBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend.unreachable is None:
        return
    for name, value in backend.broken.items():
        monkeypatch.setenv(name, value)
    store = open_secret_store(backend.unreachable)
    with pytest.raises(Unavailable):
        store.read(PRESENT)
    with pytest.raises(Unavailable):
        store.write(PRESENT, b"x")


def test_a_uri_that_names_no_secret_is_a_configuration_error(backend: SecretBackend) -> None:
    for uri in backend.malformed:
        with pytest.raises(ConfigurationInvalid):
            open_secret(uri)


def test_an_unknown_scheme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationInvalid, match="awssm, azurekv, env, file, gcpsm"):
        open_secret_store("vault://x")


def test_aws_names_may_hold_slashes(
    started: Callable[[str], SecretBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in started("awssm").environment.items():
        monkeypatch.setenv(name, value)
    store, name = open_secret("awssm://eu-west-1/skreg/prod/pki")
    assert name == "skreg/prod/pki"
    assert store.read("binary") == b"\x00\x01"


def test_another_aws_error_is_unavailable() -> None:
    class Throttling:
        def get_secret_value(self, **request: object) -> object:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GetSecretValue")

    with pytest.raises(Unavailable, match="ThrottlingException"):
        AwsSecrets(Throttling()).read("name")  # type: ignore[arg-type]


def test_secret_files_are_private_and_whole(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    store = open_secret_store(folder.as_uri())
    store.write("pki", b"1")
    store.write("pki", b"2")
    assert [path.name for path in folder.iterdir()] == ["pki"]
    assert stat.S_IMODE((folder / "pki").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("../pki", ".pki", "a/b", ""):
        with pytest.raises(Missing):
            store.read(name)
