"""Runs tests/support/api_story.yaml: curl commands, as the page shows them, against a registry."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from skreg.bootstrap import ApiContainer
from skreg.publish.vet import stages
from skreg.publish.vet.findings import Finding, Severity
from support import issuer as ci
from support import oidc_issuer
from support.accounts import FakeNames
from support.database import database_server
from support.populated import UNLIMITED
from support.registry import Registry
from support.served import served
from support.skills import make_skill

FILE = Path(__file__).with_suffix(".yaml")
PUBLIC_URL = "http://127.0.0.1:8470"
SKILLS = ("demo-1.0.0", "demo-1.1.0", "tool-1.0.0", "gone-1.0.0", "odd-1.0.0")
_CURLRC = 'silent\nshow-error\ndump-header = headers\noutput = body\nwrite-out = "%{http_code}"\n'


@dataclass(frozen=True)
class Call:
    """One call of the story; see the head of the file."""

    call: str
    answer: int
    path: str = ""
    quiet: bool = False
    as_: str = ""
    keep: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    upload: str = ""
    curl: str = ""
    before: tuple[str, ...] = ()
    private: bool = False

    def command(self) -> str:
        """Return the command as a reader would type it."""
        method, _, template = self.call.partition(" ")
        path = self.path or template
        address = f"$REGISTRY{path}"
        words = [f'curl "{address}"' if set("&?") & set(path) else f"curl {address}"]
        body = self._body()
        if method != ("POST" if body else "GET"):
            words[0] = f"curl -X {method}{words[0].removeprefix('curl')}"
        if self.as_:
            words.append(f'-H "Authorization: Bearer ${self.as_}"')
        words += [self.curl] if self.curl else []
        return " \\\n  ".join([*words, *body])

    def _body(self) -> list[str]:
        if self.upload:
            return [f"-F archive=@{self.upload}"]
        if self.form is not None:
            pairs = [f"{name}={value}" for name, value in self.form.items()] or [""]
            return [f"--data-urlencode {_quoted(pair)}" for pair in pairs]
        if self.json is not None:
            text = _quoted(json.dumps(self.json, ensure_ascii=False))
            return ["-H 'Content-Type: application/json'", f"-d {text}"]
        return []


def _quoted(text: str) -> str:
    """Quote for a shell; where variables stand, double quotes."""
    if "$" not in text:
        return shlex.quote(text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True)
class Told:
    """An answer.

    Attributes:
        body: of JSON; None otherwise.
    """

    status: int
    kind: str
    location: str
    body: Any


def story() -> list[Call]:
    """Return the calls in order."""
    found = yaml.safe_load(FILE.read_text("utf-8"))
    return [_call(item) for item in found]


def _call(item: dict[str, Any]) -> Call:
    item["before"] = tuple(item.get("before", ()))
    item["as_"] = item.pop("as", "")
    return Call(**item)


class Stage:
    """Where the story plays: a registry, its surroundings, and a shell's variables."""

    def __init__(
        self, registry: Registry, folder: Path, ci_issuer: ci.Issuer, people: oidc_issuer.Issuer
    ) -> None:
        self.registry = registry
        self.folder = folder
        self.names = FakeNames()
        self.variables: dict[str, str] = {}
        self._ci, self._people = ci_issuer, people
        self._last = Told(0, "", "", None)
        (folder / ".curlrc").write_text(_CURLRC)
        for skill in SKILLS:
            name, _, version = skill.rpartition("-")
            (folder / f"{skill}.skill").write_bytes(make_skill("acme", name, version))

    def container(self, **settings: str) -> ApiContainer:
        """Return the API's container with what the story needs around it."""
        self.registry.common |= {
            **UNLIMITED,
            **settings,
            "PUBLIC_URL": PUBLIC_URL,
            "OIDC_ISSUER": self._people.url,
            "OIDC_CLIENT_ID": self._people.client_id,
            "TRUSTED_ISSUERS": f"github={self._ci.url}",
        }
        return self.registry.api(names=self.names)

    def play(self, url: str, private_url: str) -> Iterator[tuple[Call, Told]]:
        """Make every call; yields each with its answer."""
        for call in story():
            self.variables["REGISTRY"] = private_url if call.private else url
            for name in call.before:
                getattr(self, name)()
            self._last = self._ask(call)
            assert self._last.status == call.answer, f"{call.command()}\n{self._last}"
            for variable, where in call.keep.items():
                self.variables[variable] = str(_at(self._last.body, where))
            yield call, self._last

    def _ask(self, call: Call) -> Told:
        done = subprocess.run(
            ["bash", "-c", call.command()],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{call.command()}\n{done.stderr}"
        lines = (self.folder / "headers").read_text().splitlines()
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        data = (self.folder / "body").read_bytes()
        kind = headers.get("content-type", "") if data else ""
        (self.folder / "body").write_bytes(b"")
        body = json.loads(data) if kind.endswith("json") and "ndjson" not in kind else None
        if kind.endswith("ndjson"):
            assert [json.loads(line) for line in data.splitlines()]
        return Told(int(done.stdout), kind, headers.get("location", ""), body)

    # --- what happens outside the API

    def promote(self) -> None:
        """``skreg admin create sasha``."""
        self.registry.sql("UPDATE accounts SET is_admin = true WHERE username = 'sasha'")

    def work(self) -> None:
        """The worker does what waits."""
        asyncio.run(self.registry.work())

    def show_proof(self) -> None:
        """The TXT record is set."""
        self.names.records["_skreg.example.org"] = [self.variables["PROOF"]]

    def visit_provider(self) -> None:
        """The browser logs in at the provider."""
        query = dict(item.split("=") for item in self._people.visit(self._last.location).split("&"))
        self.variables |= {"STATE": query["state"], "CODE": query["code"]}

    def run_ci(self) -> None:
        """The workflow runs and asks its provider for a token."""
        claims = self._ci.github(aud=PUBLIC_URL)
        self.variables["IDENTITY"] = ci.sign(claims, self._ci.key)

    def make_request(self) -> None:
        """``openssl req -new``."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        pem = made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
        self.variables["CSR"] = pem.replace("\n", "\\n")

    def quarantine(self) -> None:
        """Vetting finds something that a person has to look at."""
        finding = Finding("odd-words", "SKILL.md", "It asks for all passwords.", Severity.WARNING)

        async def look(*_: object) -> list[Finding]:
            return [finding]

        kept = dict(stages.STAGES)
        stages.STAGES["look"] = look
        try:
            self.work()
        finally:
            stages.STAGES.clear()
            stages.STAGES.update(kept)

    def lose_events(self) -> None:
        """The receivers were away for a day."""
        self.registry.sql(
            "UPDATE webhook_deliveries SET state = 'dead', attempts = 7, tried_at = now(),"
            " last_status = 503, last_error = 'status 503'"
        )


def _at(body: Any, where: str) -> Any:
    for part in where.split("."):
        body = body[int(part)] if part.isdigit() else body[part]
    return body


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Set a stage up: a database, a worker's first run, two identity providers."""
    people = oidc_issuer.Issuer(claims={"sub": "u1", "preferred_username": "carol"})
    with (
        database_server() as server,
        server.fresh() as url,
        ci.running("ci") as ci_issuer,
        oidc_issuer.serving(people) as provider,
    ):
        registry = Registry(url, folder / "registry")
        asyncio.run(registry.work())
        yield Stage(registry, folder, ci_issuer, provider)


def told(folder: Path) -> Iterator[tuple[Call, Told]]:
    """Play the whole story in a folder; yields each call with its answer."""
    with (
        staged(folder) as stage,
        served(stage.container()) as url,
        served(stage.container(VISIBILITY="private")) as private_url,
    ):
        yield from stage.play(url, private_url)


def plain(answers: Iterator[tuple[Call, Told]]) -> dict[str, dict[str, Any]]:
    """Return the first answer of each route, with what is new at each run put to rest."""
    from support.api_rest import Rest

    rest, found = Rest(), {}
    for call, answer in answers:
        calm = partial(dataclasses.asdict, rest.answer(answer))
        if not call.quiet and call.call not in found:
            found[call.call] = calm()
        else:
            calm()
    return found
