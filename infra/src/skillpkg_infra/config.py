"""The stack's configuration: ``SKILLPKG_*`` over the stack file's ``skreg:*`` over defaults."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from skillpkg_infra.choices import (
    Cloud,
    Deletion,
    Environment,
    HsmBackend,
    Ingress,
    Nat,
    RootMode,
    Size,
    Visibility,
    WorkerEgress,
)
from skillpkg_infra.config_mistakes import field_mistakes
from skillpkg_infra.config_rules import broken_rules
from skillpkg_infra.config_source import StackFile, Variables
from skillpkg_infra.errors import ConfigurationInvalid

RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 3653)
"""Days that every cloud's log store accepts."""

PLACEHOLDERS: dict[str, Any] = {"cloud_provider": "aws", "image_uri": "skreg:placeholder"}
"""Stand for what is missing while the other mistakes are still looked for."""


def _network(value: str) -> str:
    return str(ip_network(value))


def _retention(value: int) -> int:
    if value not in RETENTIONS:
        raise ValueError(f"must be one of {', '.join(map(str, RETENTIONS))}")
    return value


Range = Annotated[str, AfterValidator(_network)]


class NetworkChoice(BaseModel):
    """Create a network, or bring your own by its ids."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vpc_id: str | None = Field(default=None, min_length=3)
    """Bring your own: the network's id."""
    private_subnet_ids: tuple[str, ...] = ()
    """Bring your own: two or more subnets in different zones, for the containers."""
    data_subnet_ids: tuple[str, ...] = ()
    """Bring your own: for the database; the private ones when omitted."""
    cidr: Range = "10.42.0.0/16"
    """Create: the address range."""
    zones: int = Field(default=2, ge=2, le=3)
    """Create: how many availability zones."""
    endpoints: bool = True
    """Create: private endpoints to the cloud's own services; the NAT carries it otherwise."""
    block_public_access: bool = False
    """Refuse inbound traffic through internet gateways, in the whole account and region."""


class StackConfig(BaseSettings):
    """Every key of a stack. ``load`` reports all mistakes at once."""

    model_config = SettingsConfigDict(
        env_prefix="SKILLPKG_", env_nested_delimiter="__", extra="ignore", frozen=True
    )

    cloud_provider: Cloud
    """Where the stack runs."""
    image_uri: str = Field(pattern=r"^[a-z0-9][a-z0-9._:/-]*(:[\w.-]+|@sha256:[0-9a-f]{64})$")
    """The container image, by tag or by digest."""
    environment: Environment = Environment.PROD
    """prod refuses software keys and ``deletion=destroy`` unless said twice."""
    region: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]{3,}$")
    """The cloud's region; each cloud's own default when omitted."""
    size: Size = Size.SMALL
    """small, medium or large: replicas, CPU, memory, disk."""
    multi_az: bool = True
    """A standby database and two api replicas, in different zones."""
    hsm_backend: HsmBackend = HsmBackend.HSM
    """hsm refuses a signing key outside hardware."""
    root_mode: RootMode = RootMode.MANAGED
    """managed, then sealed after the ceremony; offline when you hold the root."""
    visibility: Visibility = Visibility.PUBLIC
    """private: no CDN, and every read needs a token."""
    ingress: Ingress = Ingress.EDGE
    """internal: reached inside the network alone; needs a domain and its certificate."""
    domain: str | None = Field(default=None, pattern=r"^([a-z0-9-]+\.)+[a-z]{2,}$")
    """Your own host name; both URLs are the cloud's own without it."""
    zone_id: str | None = None
    """The DNS zone of ``domain``: certificates and records are made in it."""
    certificate_arn: str | None = None
    """A certificate for ``domain`` and ``cdn.<domain>``, instead of ``zone_id``."""
    origin_certificate_arn: str | None = None
    """The same in the stack's own region, for TLS up to the load balancer."""
    network: NetworkChoice = NetworkChoice()
    """Created, or brought by ids."""
    nat: Nat = Nat.SINGLE
    """none, single or per_az: cost against redundancy."""
    worker_egress: WorkerEgress = WorkerEgress.HTTPS
    """closed: the vetting worker cannot reach the internet; needs ``nat=none`` or endpoints."""
    deletion: Deletion = Deletion.PROTECT
    """What ``pulumi destroy`` may do to data and keys."""
    prod_accepts: tuple[Literal["software-keys", "destroy"], ...] = ()
    """The second time of saying it, for ``environment=prod``."""
    backup_days: int = Field(default=14, ge=7, le=35)
    """How far back the database can be restored."""
    restore_snapshot: str | None = None
    """Start the database from this snapshot."""
    recovery_region: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]{3,}$")
    """Copy backups, packages and keys to this region too; keys decide it when they are made."""
    key_generations: dict[str, Annotated[int, Field(ge=1, le=9)]] = {}
    """Key -> generation; raise one to rotate that key."""
    audit_trail: bool = True
    """Record administrative calls, which the alarms on keys need."""
    cache: bool | None = None
    """A Valkey for shared rate limits; by default when more than one api replica can run."""
    paused: bool = False
    """Run no container, keep everything else."""
    repository: bool = False
    """Make an image repository too."""
    log_retention_days: Annotated[int, AfterValidator(_retention)] = 365
    """Days that logs are kept."""
    alarm_email: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    """Who hears of alarms and of the budget."""
    monthly_budget_usd: int | None = Field(default=None, ge=1)
    """Warn at 80 % and 100 % of this, and when the forecast passes it."""
    allowed_ranges: tuple[Range, ...] = ()
    """Networks that may reach the registry; everyone when omitted."""
    oidc_issuer: str | None = Field(default=None, pattern=r"^https://")
    """Your identity provider, for device login."""
    oidc_client_id: str | None = None
    """The client that the identity provider knows skreg by."""
    tags: dict[str, str] = {}
    """Put on every resource."""

    @classmethod
    def load(cls) -> StackConfig:
        """Read environment, stack file and defaults.

        Raises:
            ConfigurationInvalid: with every mistake of the configuration.
        """
        unknown = StackFile(cls).unknown()
        try:
            config, wrong = cls(), []  # type: ignore[call-arg]  # values come from the sources
        except ValidationError as error:
            wrong = field_mistakes(error, cls)
            config = _without(cls, {key for mistake in wrong for key in mistake.keys})
        bad = {key for mistake in wrong for key in mistake.keys}
        broken = [rule for rule in broken_rules(config) if not bad.intersection(rule.keys)]
        if mistakes := [*unknown, *wrong, *broken]:
            raise ConfigurationInvalid(mistakes)
        return config

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment variables win over the stack file."""
        return init_settings, Variables(settings_cls), StackFile(settings_cls)


def _without(kind: type[StackConfig], bad: set[str]) -> StackConfig:
    """Return the configuration with the wrong keys at their defaults."""
    stand_ins = {key: PLACEHOLDERS.get(key, kind.model_fields[key].get_default()) for key in bad}
    return kind(**stand_ins)
