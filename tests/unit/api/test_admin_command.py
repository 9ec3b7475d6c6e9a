"""``skreg admin`` from a shell, against a real database."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from skreg.api.services import passwords
from skreg.cli import main
from support.registry import Registry


class Shell:
    """Types commands; ``--json`` answers come as documents."""

    def __init__(self, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._capture = capture
        self._patch = patch

    def run(self, *words: str, typed: str = "") -> tuple[int, str, str]:
        self._patch.setattr(sys, "stdin", io.StringIO(typed))
        self._capture.readouterr()
        code = main(["admin", *words])
        printed = self._capture.readouterr()
        return code, printed.out, printed.err

    def ok(self, *words: str, typed: str = "") -> str:
        code, out, err = self.run(*words, typed=typed)
        assert code == 0, err
        return out

    def json(self, *words: str, typed: str = "") -> Any:
        return json.loads(self.ok(*words, "--json", typed=typed))


@pytest.fixture
def shell(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    from argon2 import PasswordHasher

    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "PasswordHasher", lambda: quick)
    monkeypatch.setenv("DATABASE_URL", registry.database_url)
    return Shell(capsys, monkeypatch)


PASSWORD = "correct horse battery\n"


def test_the_first_administrator(shell: Shell, registry: Registry) -> None:
    assert shell.ok("create", "admin", typed=PASSWORD) == "admin is an administrator.\n"
    sql = "SELECT is_admin, password_hash LIKE '$argon2id$%%' FROM accounts WHERE username = %s"
    assert registry.sql(sql, "admin") == [(True, True)]
    sql = "SELECT account_id, details->>'staff' FROM audit WHERE action = 'account-created'"
    assert registry.sql(sql) == [(None, "true")]


def test_an_account_that_exists_becomes_one_and_keeps_its_password(
    shell: Shell, registry: Registry
) -> None:
    shell.ok("account", "create", "alice", "--email", "a@example.org", typed=PASSWORD)
    before = registry.sql("SELECT password_hash FROM accounts WHERE username = 'alice'")
    assert shell.json("create", "alice", typed="another password\n")["is_admin"] is True
    after = registry.sql("SELECT password_hash FROM accounts WHERE username = 'alice'")
    assert after == before


@pytest.mark.parametrize("name", ["bins", "tree", "timestamp", "Alice", "a--b", "con"])
def test_nobody_may_have_such_a_name(shell: Shell, name: str) -> None:
    code, _, err = shell.run("create", name, typed=PASSWORD)
    assert (code, bool(err)) == (1, True)


def test_a_short_password_is_refused(shell: Shell) -> None:
    assert shell.run("create", "alice", typed="short\n")[0] == 1


def test_accounts(shell: Shell) -> None:
    for name in ("alice", "bob"):
        shell.ok("account", "create", name, typed=PASSWORD)
    names = [item["username"] for item in shell.json("account", "list")]
    assert [name for name in names if name in ("alice", "bob")] == ["alice", "bob"]
    assert shell.ok("account", "list").splitlines()[0].split()[0] == "username"
    assert shell.json("account", "disable", "bob")["disabled_at"] is not None
    assert shell.json("account", "enable", "bob")["disabled_at"] is None
    assert shell.ok("account", "promote", "bob") == "bob is an administrator.\n"
    assert shell.run("account", "demote", "bob")[0] == 1
    shell.ok("account", "promote", "alice")
    assert shell.json("account", "demote", "bob")["is_admin"] is False
    assert "alice" in shell.ok("account", "show", "alice")
    assert shell.json("account", "show", "alice")[0]["is_admin"] is True
    code, _, err = shell.run("account", "show", "nobody")
    assert (code, "no account nobody" in err) == (1, True)


def test_a_reset_code(shell: Shell, registry: Registry) -> None:
    shell.ok("account", "create", "alice", typed=PASSWORD)
    code = shell.ok("account", "reset-code", "alice").strip()
    assert len(code.split("-")) == 5
    assert shell.json("account", "reset-code", "alice")["code"] != code
    assert registry.sql("SELECT count(*) FROM reset_codes") == [(1,)]


def test_namespaces(shell: Shell) -> None:
    for name in ("alice", "bob"):
        shell.ok("account", "create", name, typed=PASSWORD)
    assert shell.json("namespace", "create", "crew", "--owner", "alice")["kind"] == "organisation"
    assert shell.run("namespace", "create", "crew", "--owner", "alice")[0] == 1
    shell.ok("namespace", "set-role", "crew", "bob", "reader")
    members = shell.json("namespace", "members", "crew")
    assert [(item["username"], item["role"]) for item in members] == [
        ("alice", "owner"),
        ("bob", "reader"),
    ]
    assert shell.json("namespace", "ban", "crew", "--reason", "spam")["banned_reason"] == "spam"
    assert "spam" in shell.ok("namespace", "list")
    assert shell.ok("namespace", "unban", "crew") == "crew is not banned.\n"
    assert shell.run("namespace", "ban", "nobody", "--reason", "x")[0] == 1


def test_tokens(shell: Shell, registry: Registry) -> None:
    shell.ok("account", "create", "alice", typed=PASSWORD)
    for number in ("a" * 16, "b" * 16, "c" * 16):
        registry.sql(
            "INSERT INTO tokens (id, account_id, name, hint, token_hash, scopes, expires_at)"
            " SELECT %s, id, 'ci', 'skreg_x', %s, '{read}', now() + interval '1 day'"
            " FROM accounts WHERE username = 'alice'",
            number,
            number.encode(),
        )
    assert len(shell.json("token", "list", "alice")) == 3
    assert shell.ok("token", "revoke", "alice", "--id", "a" * 16) == "Revoked: 1.\n"
    assert shell.run("token", "revoke", "alice", "--id", "a" * 16)[0] == 1
    assert shell.json("token", "revoke", "alice", "--all")["revoked"] == 2
    assert "skreg_x" not in shell.ok("token", "list", "alice")


def test_a_token_for_a_program(shell: Shell, registry: Registry) -> None:
    shell.ok("account", "create", "robot", typed=PASSWORD)
    words = ("token", "create", "robot", "--name", "ci", "--scope", "publish", "--scope", "read")
    made = shell.json(*words, "--days", "7", "--limit", "acme/demo", "--network", "10.0.0.0/8")
    assert made["token"].startswith("skreg_")
    assert (made["scopes"], made["limits"]) == (["publish", "read"], ["acme/demo"])
    assert shell.ok(*words).startswith("skreg_")
    assert len(shell.json("token", "list", "robot")) == 2
    assert made["token"] not in str(registry.sql("SELECT * FROM tokens"))
    told = "SELECT account_id, details ->> 'staff' FROM audit WHERE action = 'token-created'"
    assert registry.sql(told) == [(None, "true")] * 2
    assert shell.run(*words, "--days", "400")[0] == 1
    assert shell.run("token", "create", "none", "--name", "x", "--scope", "read")[0] == 1


def test_all_sessions_end(shell: Shell, registry: Registry) -> None:
    registry.sql("INSERT INTO session_keys (id, secret) VALUES ('a', 'x')")
    registry.sql("INSERT INTO session_secrets (id, sealing, sealed) VALUES ('b', 'x', 'x')")
    assert shell.json("session", "end-all") == {"keys_retired": 2}
    assert shell.json("session", "end-all") == {"keys_retired": 0}
