"""The twin of a deployed stack: program -> environment and secrets -> real processes.

Nothing is patched between what the program resolves and what the processes read. `stand_ins`
lists everything that differs from a task on Fargate, and why.
"""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from skillpkg_infra.plan.registered import revealed
from skillpkg_infra.plan.report import containers
from skillpkg_infra.plan.run import Plan, plan_stack
from skillpkg_infra.providers.aws.answers import PASSWORD, REGION
from skillpkg_infra.providers.aws.authorities import BUNDLE
from support import twin_edge, twin_process
from support.registry_process import free_port
from support.twin_answers import FIRST_PASSWORD, TwinAnswers
from support.twin_aws import KEYS, TwinAws, twin_aws
from support.twin_customer import Customer
from support.twin_edge import Balancer, Bucket
from support.twin_postgres import TwinPostgres, twin_postgres
from support.twin_process import Container
from support.twin_valkey import TwinValkey, twin_valkey

ROOT = Path(__file__).resolve().parents[2]
USER = "skillpkg"


@dataclass
class Twin:
    """One stack's account, database and edge; its containers are started by the tests."""

    plan: Plan
    answers: TwinAnswers
    aws: TwinAws
    postgres: TwinPostgres
    folder: Path
    balancer: Balancer
    edge: twin_edge.Edge
    valkey: TwinValkey | None = None
    _made: list[Container] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The stack's ``service_url``."""
        return str(self.plan.rehearsal.exports["service_url"])

    @property
    def database_url(self) -> str:
        """The stack's own, with the file of this twin's authority for the image's."""
        told = self.environment("api")["DATABASE_URL"]
        return told.replace(f"sslrootcert={BUNDLE}", f"sslrootcert={self.postgres.authority}")

    def container(self, role: str, *, sources: tuple[Path, ...] = (), **changed: str) -> Container:
        """Return a container that is not started, with the present plan's environment.

        Args:
            role: ``api`` or ``worker``.
            sources: another release's code.
            changed: for another release: variables that it knew under another name.
        """
        number = len(self._made)
        environment = self.environment(role) | self.stand_ins(role, number) | changed
        made = Container(role, environment, self.folder / f"{role}-{number}.log", sources)
        self._made.append(made)
        return made

    def environment(self, role: str) -> dict[str, str]:
        """Return what the program gives a container, with its secrets injected."""
        definition = containers(self.plan)[role]
        values = {one["name"]: one["value"] for one in definition["environment"]}
        secrets = self.aws.client("secretsmanager")
        for one in definition["secrets"]:
            found = secrets.get_secret_value(SecretId=one["valueFrom"])
            values[one["name"]] = found["SecretString"]
        return values

    def stand_ins(self, role: str, number: int) -> dict[str, str]:
        """Return what a container here is told beyond the program's environment."""
        trusted = {"SSL_CERT_FILE": str(self.valkey.authority)} if self.valkey else {}
        return {
            # The cache's certificate is of no public CA here.
            **trusted,
            # Where AWS's clients find S3, KMS, Secrets Manager and CloudFront; without TLS.
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ALLOW_HTTP": "true",
            # Fargate's agent says the region, and hands out the role's credentials.
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": KEYS[role],
            "AWS_SECRET_ACCESS_KEY": "secret",
            # Where the database's host name leads; name, port, user and TLS stay as they are.
            "PGHOSTADDR": self.postgres.address,
            # The database's certificate is of no authority of RDS's, but checked in the same way.
            "DATABASE_URL": self.database_url,
            # A task has a network of its own; here several share one, which is loopback alone.
            "LISTEN_HOST": "127.0.0.1",
            "LISTEN_PORT": str(free_port()),
            # The image says this, of a /tmp that each task has to itself.
            "READY_FILE": str(self.folder / f"{role}-{number}.ready"),
        }

    @contextmanager
    def api(self, container: Container | None = None) -> Iterator[Container]:
        """Run an api behind the load balancer; it may not be ready yet."""
        with twin_process.running(container or self.container("api")) as running:
            port = int(running.environment["LISTEN_PORT"])
            running.wait(lambda: status(port, "/healthz") == 200, "alive")
            self.balancer.ports.append(port)
            try:
                yield running
            finally:
                self.balancer.ports.remove(port)  # the balancer drains before a task is stopped

    @contextmanager
    def worker(self, container: Container | None = None) -> Iterator[Container]:
        """Run a worker; it may not be ready yet."""
        with twin_process.running(container or self.container("worker")) as running:
            yield running

    @contextmanager
    def serving(self) -> Iterator[tuple[Container, Container]]:
        """Run an api and a worker that are ready."""
        with self.worker() as worker:
            worker.wait(lambda: is_ready(worker), "ready")
            with self.api() as api:
                api.wait(lambda: is_ready(api), "ready")
                yield api, worker

    def customer(self, name: str) -> Customer:
        """Return somebody with ``skillpkg`` who has added this registry as the stack says."""
        made = Customer(self.folder / "people" / name, self.edge.environment)
        (command,) = (
            revealed(one)
            for one in self.plan.rehearsal.exports["next_commands"]
            if "registry add" in revealed(one)
        )
        made.ok(*command.split()[1:])
        return made

    def change(self, **keys: Any) -> None:
        """Change the stack's configuration and run the program again, as ``pulumi up`` would."""
        self.plan = _planned(self.folder, self.answers, keys)
        self.aws.rights.roles = _rights(self.plan)

    def secret(self, role: str = "api") -> str:
        """Return the name of the database's secret, as a container is told it."""
        return self.environment(role)["DATABASE_PASSWORD_SECRET"].split("/", 3)[3]


def status(port: int, path: str) -> int:
    """Return what an api answers; 0 when it does not."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def is_ready(container: Container) -> bool:
    """Whether a container's own check says that it may be relied upon."""
    if container.role == "worker":
        return Path(container.environment["READY_FILE"]).exists()
    return status(int(container.environment["LISTEN_PORT"]), "/readyz") == 200


@contextmanager
def twin(folder: Path, profile: str = "dev", **keys: Any) -> Iterator[Twin]:
    """Make the twin of one stack file; nothing of the registry runs yet.

    Args:
        folder: for logs, people and certificates.
        profile: the stack file, ``stacks/Pulumi.aws-<profile>.yaml``.
        keys: what the stack's configuration says otherwise.
    """
    shutil.copy(ROOT / "stacks" / f"Pulumi.aws-{profile}.yaml", folder / "Pulumi.aws-twin.yaml")
    with ExitStack() as stack:
        aws = stack.enter_context(twin_aws())
        answers = TwinAnswers(aws)
        valkey = None
        if keys.get("cache"):
            valkey = stack.enter_context(twin_valkey(folder / "valkey", PASSWORD))
            answers.cache = valkey.address
        plan = _planned(folder, answers, keys)
        aws.rights.roles = _rights(plan)
        host = str(plan.rehearsal.exports["host"])
        postgres = stack.enter_context(twin_postgres(host, USER, FIRST_PASSWORD, USER))
        balancer = Balancer()
        edge = stack.enter_context(twin_edge.running(_origins(plan, aws, balancer), folder))
        yield Twin(plan, answers, aws, postgres, folder, balancer, edge, valkey)


def _planned(folder: Path, answers: TwinAnswers, keys: Mapping[str, Any]) -> Plan:
    path = folder / "Pulumi.aws-twin.yaml"
    content = yaml.safe_load(path.read_text("utf-8"))
    content["config"].update({f"skreg:{name}": value for name, value in keys.items()})
    path.write_text(yaml.safe_dump(content), "utf-8")
    return plan_stack(folder, "aws", "twin", answers)


def _rights(plan: Plan) -> dict[str, list[dict[str, Any]]]:
    policies = {one.name: one for one in plan.rehearsal.resources if one.kind == "RolePolicy"}
    return {
        role: json.loads(revealed(policies[f"compute-{role}-rights"].inputs["policy"]))["Statement"]
        for role in KEYS
    }


def _origins(plan: Plan, aws: TwinAws, balancer: Balancer) -> dict[str, twin_edge.Origin]:
    exports = revealed(plan.rehearsal.exports)
    host = {
        name: str(exports[name]).removeprefix("https://")
        for name in ("service_url", "cdn_base_url")
    }
    found: dict[str, twin_edge.Origin] = {host["service_url"]: balancer}
    if host["cdn_base_url"] != host["service_url"]:
        found[host["cdn_base_url"]] = Bucket(aws.client("s3"), str(exports["bucket_name"]))
    return found
