"""The world in which every route is tried by every caller (tests/unit/api/permission_matrix.yaml).

``build`` makes it once: an organisation ``acme`` with one account a role, a published package
``acme/demo`` and one of everything that a path can name. A room whose routes name something else
adds it there, under a fixed id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import yaml

from skreg.domain import tokens
from skreg.domain.permissions import RULES, Action, MemberRole, Staff
from support.accounts import FakeNames, FakeWeb, join, organisation
from support.asgi import Answer, AsgiClient, multipart
from support.database import DatabaseServer
from support.registry import Registry, client_of, signed_up
from support.skills import make_skill

FILE = Path(__file__).parents[1] / "unit" / "api" / "permission_matrix.yaml"
ROLES = ["reader", "publisher", "maintainer", "owner"]
SESSIONS = ["stranger", *ROLES, "admin"]
SCOPES = ["read", "publish", "yank", "admin"]
TOKENS = [f"token:{scope}" for scope in SCOPES]
NOT_GOOD = ["anonymous", "expired", "revoked"]
CALLERS = ["anonymous", *SESSIONS, *TOKENS, "expired", "revoked"]
PATH = {
    "ns": "acme",
    "name": "demo",
    "version": "1.0.0",
    "username": "reader-person",
    "tag": "beta",
    "domain": "example.org",
    "token_id": "00000000000000a1",
    "invitation_id": "00000000000000a2",
    "transfer_id": "00000000000000a8",
    "publisher_id": "00000000000000a9",
    "user_code": "BCDF-GHJK",
    "report_id": "00000000000000a3",
    "advisory_id": "SKREG-2026-1000",
    "certificate_id": "00000000000000a4",
    "hook": "00000000000000a5",
    "delivery": "1",
}
"""What stands for ``{…}`` in a path unless the row says otherwise."""

OLD = "0.9.0"
"""A version beside ``PATH``'s that is yanked and deprecated."""


@dataclass(frozen=True)
class Row:
    """One route's row of the file."""

    allow: frozenset[str]
    action: str | None = None
    hidden: bool = False
    holder: bool = False
    repeatable: bool = False
    path: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    body: Any = None
    form: Mapping[str, str] | None = None
    upload: str | None = None
    answers: tuple[int, ...] = ()

    def allows(self, answer: Answer) -> bool:
        """Whether an answer is one that a caller who may gets."""
        return answer.status in self.answers if self.answers else answer.status < 400

    def denies(self, caller: str, answer: Answer) -> bool:
        """Whether an answer is the one that a caller who may not gets."""
        if answer.status == 404:
            return self.hidden
        return answer.status == (401 if caller in NOT_GOOD else 403)


def rows() -> dict[str, Row]:
    """Return the file's rows by ``METHOD /path``."""
    document = yaml.safe_load(FILE.read_text("utf-8"))
    groups: dict[str, list[str]] = document["groups"]
    return {route: _row(row, groups) for route, row in document["routes"].items()}


def _row(row: dict[str, Any], groups: dict[str, list[str]]) -> Row:
    allow: set[str] = set()
    for name in row.pop("allow"):
        allow |= set(groups.get(name, [name]))
    unknown = allow - set(CALLERS)
    assert not unknown, f"no such caller: {unknown}"
    answers = tuple(row.pop("answers", ()))
    return Row(frozenset(allow), answers=answers, **row)


def by_rule(action: str) -> set[str]:
    """Return who may do an action by ``skreg.domain.permissions.RULES``."""
    rule = RULES[Action(action)]
    allowed: set[str] = set()
    if rule.staff is not Staff.NOTHING:
        allowed.add("admin")
    if rule.staff is Staff.ONLY:
        return allowed
    allowed |= {role for role in ROLES if MemberRole(role) in rule.roles}
    if not rule.roles:
        allowed |= set(SESSIONS)
    if rule.scope is not None and "owner" in allowed:
        allowed.add(f"token:{rule.scope.value}")
    return allowed


class Matrix:
    """The world as a template, one application on a copy of it, and who may ask."""

    def __init__(
        self, server: DatabaseServer, registry: Registry, callers: Mapping[str, str | None]
    ) -> None:
        self.callers = callers
        self._server = server
        self._template = registry.database_url.partition("?")[0].rpartition("/")[2]
        self._copy = Registry(server.renew(_COPY, self._template), registry.folder)
        self._copy.common |= _ROOMY
        names = FakeNames({f"_skreg.{PATH['domain']}": ["skreg-verification=x"]})
        self._container = self._copy.api(names=names, web=FakeWeb())
        self._app = client_of(self._container).app

    async def begin_again(self) -> None:
        """Undo whatever the callers did."""
        await self._container.pool.close()
        self._server.renew(_COPY, self._template)

    def last_line(self) -> int:
        """Return the number of the audit log's newest line."""
        return int(self._copy.sql("SELECT max(id) FROM audit")[0][0])

    async def ask(self, route: str, row: Row, caller: str) -> Answer:
        """Send a route's example as a caller."""
        client = AsgiClient(self._app, self.callers[caller])
        method, path = route.split(" ", 1)
        body, headers = _content(row)
        return await client.request(method, _filled(path, row), body=body, headers=headers)


_COPY = "skreg_matrix"
_ROOMY = {"RATE_LIMIT_ANONYMOUS": "1000000", "RATE_LIMIT_TOKEN": "1000000"}


def _filled(path: str, row: Row) -> str:
    for name, value in {**PATH, **row.path}.items():
        path = path.replace("{" + name + "}", quote(value, safe=""))
    assert "{" not in path, f"add to PATH, or to the row's path, what {path} names"
    return path + (f"?{row.query}" if row.query else "")


def _content(row: Row) -> tuple[bytes, dict[str, str]]:
    if row.upload is not None:
        body, kind = multipart(make_skill(*row.upload.split("/")))
        return body, {"content-type": kind}
    if row.form is not None:
        return urlencode(row.form).encode(), {"content-type": "application/x-www-form-urlencoded"}
    if row.body is not None:
        return json.dumps(row.body).encode(), {"content-type": "application/json"}
    return b"", {}


async def build(server: DatabaseServer, registry: Registry) -> Matrix:
    """Fill an empty registry and return who may ask."""
    registry.common |= _ROOMY
    await registry.work()
    container = registry.api()
    anonymous = client_of(container)
    owner = await organisation(await signed_up(anonymous, "owner-person"), "acme")
    clients = {"owner": owner}
    for role in ROLES[:-1]:
        clients[role] = await join(owner, "acme", f"{role}-person", role)
    for name in ("stranger", "admin"):
        clients[name] = await signed_up(anonymous, f"{name}-person")
    registry.sql("UPDATE accounts SET is_admin = true WHERE username = 'admin-person'")
    uploaded = await owner.upload("/v1/packages/acme/demo/publish", make_skill("acme", "demo"))
    assert uploaded.status == 202, uploaded.body
    await registry.work()
    _add_things(registry)
    callers: dict[str, str | None] = {name: client.token for name, client in clients.items()}
    callers["anonymous"] = None
    for scope in SCOPES:
        callers[f"token:{scope}"] = _token(registry, scope, [scope])
    callers["expired"] = _token(registry, "expired", SCOPES, ends=timedelta(days=-1))
    callers["revoked"] = _token(registry, "revoked", SCOPES, revoked=True)
    callers["limited"] = _token(registry, "limited", SCOPES, limits=["elsewhere"])
    callers["read-only"] = _token(registry, "read-only", SCOPES, read_only=True)
    await container.close()
    return Matrix(server, registry, callers)


def _token(
    registry: Registry,
    token_id: str,
    scopes: list[str],
    ends: timedelta = timedelta(days=30),
    limits: list[str] | None = None,
    *,
    revoked: bool = False,
    read_only: bool = False,
) -> str:
    """Keep a token of the owner's account and return its secret."""
    new = tokens.mint()
    registry.sql(
        "INSERT INTO tokens (id, account_id, name, hint, token_hash, scopes, expires_at, limits,"
        " revoked_at, read_only) SELECT %s, id, %s, 'x', %s, %s, %s, %s,"
        " CASE WHEN %s THEN now() END, %s FROM accounts WHERE username = 'owner-person'",
        token_id, token_id, new.digest, scopes, datetime.now(UTC) + ends, limits or [],
        revoked, read_only,
    )  # fmt: skip
    return new.secret


def _add_things(registry: Registry) -> None:
    """Add one of everything that a path can name, under the id that ``PATH`` has."""
    _token(registry, PATH["token_id"], ["read"])
    registry.sql(
        "INSERT INTO invitations (id, namespace_id, account_id, role, invited_by, expires_at)"
        " SELECT %s, n.id, s.id, 'reader', o.id, now() + interval '1 day'"
        " FROM namespaces n, accounts s, accounts o"
        " WHERE n.name = 'acme' AND s.username = 'stranger-person' AND o.username = 'owner-person'",
        PATH["invitation_id"],
    )
    registry.sql(
        "INSERT INTO namespace_domains (namespace_id, domain, challenge)"
        " SELECT id, %s, 'x' FROM namespaces WHERE name = 'acme'",
        PATH["domain"],
    )
    _add_moderated(registry)
    _add_releases(registry)
    registry.sql(
        "INSERT INTO device_logins (device_hash, user_code, client, scopes, expires_at, pause)"
        " VALUES ('x', %s, 'cli', '{read}', now() + interval '1 hour', 5)",
        PATH["user_code"],
    )


def _add_releases(registry: Registry) -> None:
    """Add a tag, an offer to the owner's own namespace, a trusted publisher, an old version."""
    registry.sql("INSERT INTO dist_tags SELECT package_id, 'beta', id FROM versions")
    registry.sql(
        "INSERT INTO versions (package_id, version, sha256, content_digest, size, manifest, signer,"
        " uploaded_by, state, deprecated, published_at)"
        " SELECT package_id, %s, repeat('9', 64), content_digest, size, manifest, signer,"
        " uploaded_by, 'yanked', 'Use 1.0.0.', published_at FROM versions",
        OLD,
    )
    registry.sql(
        "INSERT INTO transfers (id, package_id, to_namespace_id, to_name, asked_by, expires_at)"
        " SELECT %s, p.id, n.id, 'demo', a.id, now() + interval '1 day'"
        " FROM packages p, namespaces n, accounts a"
        " WHERE n.name = 'owner-person' AND a.username = 'owner-person'",
        PATH["transfer_id"],
    )
    registry.sql(
        "INSERT INTO trusted_publishers (id, namespace_id, name, look_alike, package_id, provider,"
        " issuer, owner, repository, workflow, created_by)"
        " SELECT %s, p.namespace_id, p.name, p.look_alike, p.id, 'gitlab', 'https://gitlab.com',"
        " 'acme', 'demo', '.gitlab-ci.yml', a.id FROM packages p, accounts a"
        " WHERE a.username = 'owner-person'",
        PATH["publisher_id"],
    )


def _add_moderated(registry: Registry) -> None:
    """Add a report, an advisory, a certificate, and webhooks with a dead letter each.

    Two are switched off.
    """
    registry.sql(
        "INSERT INTO reports (id, version_id, reporter_id, kind, message)"
        " SELECT %s, v.id, a.id, 'spam', 'An advertisement.' FROM versions v, accounts a"
        " WHERE a.username = 'admin-person'",
        PATH["report_id"],
    )
    registry.sql(
        "INSERT INTO advisories (number, id, package_id, record) SELECT 1000, %s, id, %s::jsonb"
        " FROM packages",
        PATH["advisory_id"],
        json.dumps({"id": PATH["advisory_id"], "affected": [{"package": {"name": "acme/demo"}}]}),
    )
    registry.sql(
        "INSERT INTO publisher_certs (id, namespace_id, request, state, serial)"
        " SELECT %s, id, 'x', 'issued', 'a4' FROM namespaces WHERE name = 'acme'",
        PATH["certificate_id"],
    )
    for hook, whose, delivery, is_off in (
        (PATH["hook"], "acme", 1, False),
        ("00000000000000a6", None, 2, False),
        ("00000000000000a7", "acme", 3, True),
        ("00000000000000a8", None, 4, True),
    ):
        registry.sql(
            "INSERT INTO webhooks (id, namespace_id, url, events, sealing, sealed, disabled_at)"
            " VALUES (%s, (SELECT id FROM namespaces WHERE name = %s),"
            " 'https://a.example/', '{}', '', '', CASE WHEN %s THEN now() END)",
            hook,
            whose,
            is_off,
        )
        registry.sql(
            "INSERT INTO webhook_deliveries (id, webhook_id, event, payload, state)"
            " VALUES (%s, %s, 'version.yanked', '{}', 'dead')",
            delivery,
            hook,
        )
