"""``skreg pki`` as an operator types it, against ``DATABASE_URL`` and the worker's settings."""

from __future__ import annotations

import asyncio
import io
import json
import re
from pathlib import Path

import pytest

from skreg.adapters.signers.file import create_key_file
from skreg.cli import main
from skreg.pki.local import create_successor, local_key_settings
from support.registry import Registry


class Operator:
    """Somebody with the worker's settings and a folder for files."""

    def __init__(
        self,
        registry: Registry,
        folder: Path,
        patch: pytest.MonkeyPatch,
        capture: pytest.CaptureFixture[str],
    ) -> None:
        self.registry, self.folder, self._patch, self._capture = registry, folder, patch, capture
        self.settings = registry.worker_environment()

    @property
    def keys(self) -> Path:
        return self.registry.folder / "keys"

    def run(self, *words: str) -> tuple[int, str, str]:
        for name, value in self.settings.items():
            self._patch.setenv(name, value)
        self._capture.readouterr()
        code = main(["pki", *words])
        printed = self._capture.readouterr()
        return code, printed.out, printed.err

    def ok(self, *words: str) -> str:
        code, out, err = self.run(*words)
        assert code == 0, err
        return out

    def refused(self, *words: str) -> str:
        code, _, err = self.run(*words)
        assert code == 1
        return err

    def with_successor(self, name: str) -> None:
        create_successor(self.keys, name)
        self.settings |= local_key_settings(self.keys)

    def without_root(self) -> None:
        """The root is elsewhere from now on."""
        self.settings["ROOT_MODE"] = "sealed"

    def work(self) -> None:
        asyncio.run(self.registry.work())


@pytest.fixture
def operator(
    registry: Registry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Operator:
    return Operator(registry, tmp_path, monkeypatch, capsys)


def test_status_and_fingerprint(operator: Operator) -> None:
    shown = operator.ok("status")
    assert "Nothing to do." in shown
    assert re.search(r"signed       1 trust-bundle with file:", shown)
    assert operator.ok("fingerprint").strip() in shown


def test_nothing_due_is_said_and_all_issues_all(operator: Operator) -> None:
    assert operator.ok("renew") == "Nothing was due.\n"
    told = operator.ok("renew", "--all")
    assert "signing leaf" in told
    assert told.count("CRL 2") == 3
    operator.work()
    assert set(operator.registry.timestamp()["crl_numbers"].values()) == {2}


def test_crls_on_demand_name_what_is_not_at_hand(operator: Operator) -> None:
    operator.without_root()
    told = operator.ok("crl")
    assert told.count("CRL 2") == 2
    assert "root is not at hand" in told


def test_a_revoked_leaf_is_replaced_by_the_worker(operator: Operator) -> None:
    assert "signing leaf" in operator.ok("renew", "--all")
    leaf = re.search(r"leaf .* serial ([0-9a-f]+)", operator.ok("status"))
    assert leaf is not None
    told = operator.ok("revoke", "registry-ca", leaf[1], "--reason", "superseded")
    assert "registry-ca" in told
    assert operator.ok("revoke", "registry-ca", leaf[1]) == "Nothing was due.\n"
    operator.work()
    kinds = operator.registry.sql("SELECT kind FROM log_entries")
    assert ("cert-revoked",) in kinds
    since = ("--since", "2026-01-01T00:00:00Z", "--reason", "keyCompromise")
    assert "publisher-ca" in operator.ok("revoke", "publisher-ca", "4d", *since)


def test_mistakes_on_the_command_line_are_told(operator: Operator) -> None:
    assert "in hex" in operator.refused("revoke", "registry-ca", "xyz")
    assert "2026-11-21" in operator.refused("revoke", "root", "1", "--since", "yesterday")
    assert "One key" in operator.refused("rotate")
    assert "One key" in operator.refused("rotate", "log", "--root", "file:///x")
    assert "cannot be read" in operator.refused("install", str(operator.folder / "none"))
    wrong = operator.folder / "wrong.json"
    wrong.write_text("{}")
    assert "ceremony grant" in operator.refused("install", str(wrong))
    nowhere = str(operator.folder / "no" / "request.json")
    assert "cannot be written" in operator.refused("request", "--out", nowhere)


@pytest.mark.parametrize("role", ["signing", "registry-ca", "publisher-ca", "log"])
def test_a_successor_must_be_named_first(operator: Operator, role: str) -> None:
    told = operator.refused("rotate", role)
    assert "names the key in use" in told
    assert ("FORMER_KEY_URIS" in told) is (role != "signing")


def test_the_signing_key_gets_a_new_leaf(operator: Operator) -> None:
    operator.with_successor("signing")
    assert "signing leaf" in operator.ok("rotate", "signing")
    operator.work()


@pytest.mark.parametrize(
    ("role", "wanted"),
    [("registry-ca", "signing leaf"), ("publisher-ca", "CRL 1"), ("log", "trust bundle 2")],
)
def test_a_key_is_replaced_at_once_with_the_root_at_hand(
    operator: Operator, role: str, wanted: str
) -> None:
    operator.with_successor(role)
    assert wanted in operator.ok("rotate", role)
    operator.work()
    assert ("(replaced)" in operator.ok("status")) is (role != "log")
    assert operator.registry.verifier()


def test_without_the_root_a_request_is_written(operator: Operator) -> None:
    operator.with_successor("registry-ca")
    operator.without_root()
    asked, granted = operator.folder / "request.json", operator.folder / "grant.json"
    assert "skreg pki sign" in operator.ok("rotate", "registry-ca", "--out", str(asked))
    assert json.loads(asked.read_bytes())["log"] is None
    assert "A request waits" in operator.ok("status")
    root = (operator.keys / "root.pem").as_uri()
    shown = operator.ok("sign", str(asked), "--root", root, "--out", str(granted), "--yes")
    assert "second person" in shown
    operator.ok("install", str(granted))
    assert "A grant waits" in operator.ok("status")
    operator.work()
    assert "(replaced)" in operator.ok("status")


def test_the_root_is_replaced_with_both_at_hand(operator: Operator) -> None:
    new = operator.folder / "root-2.pem"
    create_key_file(new)
    before = operator.ok("fingerprint")
    assert "trust bundle 2" in operator.ok("rotate", "--root", new.as_uri())
    assert operator.ok("fingerprint") != before
    operator.settings["ROOT_KEY_URI"] = new.as_uri()
    operator.work()
    storage = operator.registry.storage
    assert {path.name for path in (storage / "trust").iterdir()} == {
        "1.json", "2.json", "latest.json",
    }  # fmt: skip
    known = json.loads((storage / ".well-known" / "skreg.json").read_bytes())
    assert known["root_fingerprints"] == [operator.ok("fingerprint").strip()]


def test_a_request_says_what_the_operator_decides(operator: Operator) -> None:
    out = operator.folder / "request.json"
    told = operator.ok(
        "request", "--out", str(out), "--redirect-host", "CDN.example", "--minimum-client",
        "9.0.0", "--revoke", "4d", "--reason", "cACompromise", "--new-root",
    )  # fmt: skip
    assert "redirects to  cdn.example" in told
    assert "clients from  9.0.0" in told
    assert "revoked       4d (cACompromise)" in told
    assert "--new-root URI" in told


def test_a_sealed_root_in_a_file(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    path = operator.folder / "vault" / "root.pem"
    assert "needs a passphrase" in operator.refused("init-root", path.as_uri())
    assert not path.exists()
    monkeypatch.setenv("ROOT_PASSPHRASE", "correct horse")
    uri = f"{path.as_uri()}?passphrase_env=ROOT_PASSPHRASE"
    first = operator.ok("init-root", uri)
    assert ", made now" in first
    assert operator.ok("init-root", uri) == first.replace(", made now", "")
    assert b"ENCRYPTED" in path.read_bytes()
    assert "correct horse" not in first


def test_nobody_agreed(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    out = operator.folder / "request.json"
    operator.ok("request", "--out", str(out))
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    root = (operator.keys / "root.pem").as_uri()
    grant = operator.folder / "grant.json"
    told = operator.refused("sign", str(out), "--root", root, "--out", str(grant))
    assert "Nothing was signed." in told
    assert not grant.exists()


def test_without_a_pki_each_command_says_so(
    blank: Registry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    operator = Operator(blank, tmp_path, monkeypatch, capsys)
    for words in (["renew"], ["crl"], ["fingerprint"], ["revoke", "root", "1"]):
        assert "There is no PKI yet." in operator.refused(*words)
    assert "follows       nothing" in operator.ok("request", "--out", str(tmp_path / "r.json"))
