"""Every environment variable the registry reads, by role; nothing else reads the environment.

``load_settings`` reports all mistakes of one environment at once. The API role has no key
setting: naming one for it is itself a mistake, because the API must hold no signing right.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from skreg import settings_mistakes as mistakes_in
from skreg.errors import ConfigurationInvalid

BLOB_SCHEMES = ("file", "s3", "gs", "az")
KEY_SCHEMES = ("file", "awskms", "gcpkms", "azurekms", "pkcs11")
WRITABLE_SECRETS = ("file", "awssm", "gcpsm", "azurekv")


S = TypeVar("S", bound="Settings")


class Settings(BaseSettings):
    """What every role reads; the field's upper-case name is the environment variable."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    database_url: SecretStr
    """PostgreSQL, ``postgresql://user:password@host:5432/name?sslmode=require``."""
    database_auth: Literal["password", "secret", "rds-iam", "cloudsql-iam", "entra"] | None = None
    """What each connection proves itself with: the password in ``DATABASE_URL``, one read from
    ``DATABASE_PASSWORD_SECRET``, or a token of the cloud's own identity."""
    database_password_secret: str | None = None
    """The password's secret, ``awssm://region/name``, ``gcpsm://project/name``,
    ``azurekv://vault/name``, ``file:///folder/name`` or ``env://NAME``; read at each connection."""
    environment: Literal["prod", "staging", "dev"] = "prod"
    """``prod`` refuses software keys unless ``HSM_BACKEND=software`` says so by name."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe log line that is written to standard error."""
    log_format: Literal["json", "console"] = "json"
    """One JSON object a line for machines, ``console`` for people."""
    database_pool_size: int = Field(default=10, ge=1, le=200)
    """Connections one process keeps to the database; in need it opens as many more."""
    public_url: str = "http://127.0.0.1:8080"
    """Where people and clients reach the API, without a trailing slash."""
    cdn_base_url: str | None = None
    """Where the read plane is served; unset: by the API itself."""

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: SecretStr) -> SecretStr:
        scheme = value.get_secret_value().partition("://")[0]
        if scheme not in ("postgresql", "postgres"):
            raise ValueError("must begin with postgresql://")
        return value

    @property
    def database_login(self) -> str:
        """How connections log in; a secret is used when one is named."""
        named = "secret" if self.database_password_secret else "password"
        return self.database_auth or named

    @field_validator("public_url", "cdn_base_url")
    @classmethod
    def _web_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http or https URL with a host")
        return value.rstrip("/")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from the mapping given to ``load_settings`` alone: one door."""
        return (init_settings,)


def _safe_url(value: str) -> str:
    """Return a URL that secrets may be sent to: https, or this machine."""
    parts = urlsplit(value)
    is_here = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise ValueError("must be an https URL with a host")
    if parts.scheme == "http" and not is_here:
        raise ValueError("must be https: secrets are sent there")
    return value


def read_issuers(text: str) -> dict[str, str]:
    """Return issuer to provider, as ``TRUSTED_ISSUERS`` has them.

    Raises:
        ValueError: an unknown provider, no https URL, or an issuer that stands twice.
    """
    found: dict[str, str] = {}
    for part in filter(None, (item.strip() for item in text.split(","))):
        provider, _, issuer = part.partition("=")
        if provider not in ("github", "gitlab"):
            raise ValueError(f"{part!r} does not begin with github= or gitlab=")
        if _safe_url(issuer) in found:
            raise ValueError(f"{issuer!r} stands twice")
        found[issuer] = provider
    return found


def _blob_uri(value: str) -> str:
    scheme = value.partition(":")[0]
    if scheme not in BLOB_SCHEMES or "://" not in value:
        raise ValueError(f"must begin with one of {', '.join(f'{s}://' for s in BLOB_SCHEMES)}")
    return value.rstrip("/")


def _key_uri(value: str | None) -> str | None:
    """Check one key URI, or several parted by spaces."""
    for uri in (value or "").split():
        if uri.partition(":")[0] not in KEY_SCHEMES:
            raise ValueError(f"must begin with one of {', '.join(f'{s}:' for s in KEY_SCHEMES)}")
    return value


def _writable_secret(value: str | None) -> str | None:
    if value is not None and value.partition("://")[0] not in WRITABLE_SECRETS:
        known = ", ".join(f"{scheme}://" for scheme in WRITABLE_SECRETS)
        raise ValueError(f"must begin with one of {known}: the worker writes it")
    return value


def _networks(value: str) -> str:
    for part in filter(None, (item.strip() for item in value.split(","))):
        ip_network(part, strict=False)
    return value


class StorageSettings(Settings):
    """The two object stores, for the roles that read or write packages."""

    storage_url: str
    """The read plane: ``file:///path``, ``s3://bucket/prefix``, ``gs://…`` or ``az://…``."""
    staging_url: str
    """Uploads before vetting; never the same place as ``storage_url``."""

    archive_policy: Literal["standard", "strict"] = "standard"
    """What an upload may hold; ``strict``: 5 MiB, and ``.md`` and ``.json`` files alone."""
    webhook_sealing_key: SecretStr | None = Field(default=None, min_length=32)
    """Seals the secrets of webhooks in the database; unset: there are no webhooks."""
    webhook_networks: str = ""
    """Comma-separated networks that webhooks may reach though they are not public, also by http."""
    mail_hook_url: SecretStr | None = None
    """Gets ``{"to", "subject", "text"}`` by POST for each mail; unset: no mail is sent."""

    @field_validator("mail_hook_url")
    @classmethod
    def _hook(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _safe_url(value.get_secret_value())
        return value

    _check_uris = field_validator("storage_url", "staging_url")(_blob_uri)
    _check_networks = field_validator("webhook_networks")(_networks)


class ApiSettings(StorageSettings):
    """The API: accounts, publish, search, and the read plane as a fallback."""

    listen_host: str = "127.0.0.1"
    """The address the API binds."""
    listen_port: int = Field(default=8080, ge=0, le=65535)
    """The TCP port the API binds; 0 takes a free one."""
    trusted_proxies: str = ""
    """Comma-separated networks whose ``X-Forwarded-For`` and ``-Proto`` are believed."""
    valkey_url: SecretStr | None = None
    """Shared rate-limit counters when more than one API process runs."""
    rate_limit_anonymous: int = Field(default=100, ge=1)
    """Requests a minute of one address without a token."""
    rate_limit_token: int = Field(default=1000, ge=1)
    """Requests a minute of one token or session."""
    visibility: Literal["public", "private"] = "public"
    """``private``: every read needs a token; packages may be limited to named readers."""
    quota_packages: int = Field(default=1000, ge=1)
    """Packages of one namespace; administrators may raise each of the three for a namespace."""
    quota_versions_per_day: int = Field(default=200, ge=1)
    """Versions a namespace may upload on one UTC day."""
    quota_bytes: int = Field(default=10 * 1024**3, ge=1)
    """Bytes of a namespace's archives, without what was rejected or withdrawn."""
    session_sealing_key: SecretStr | None = Field(default=None, min_length=32)
    """Seals the session keys in the database, so that its readers cannot make sessions."""
    signup: Literal["open", "closed"] = "open"
    """Whether anybody may create an account; ``closed``: administrators and OIDC alone."""
    trusted_issuers: str = (
        "github=https://token.actions.githubusercontent.com,gitlab=https://gitlab.com"
    )
    """Whose CI may publish by trusted publishing: ``github=`` or ``gitlab=`` and an issuer each."""
    oidc_audience: str | None = None
    """What CI asks identity tokens for; unset: ``PUBLIC_URL``."""
    oidc_issuer: str | None = None
    """The OIDC provider people log in with, for example ``https://login.example.com``."""
    oidc_client_id: str | None = None
    """What the provider knows this registry as."""
    oidc_client_secret: SecretStr | None = None
    """The client's secret, where the provider wants one beside PKCE."""
    oidc_username_claim: str = "preferred_username"
    """The claim that a new account's name is made from."""
    oidc_groups_claim: str = "groups"
    """The claim that lists a person's groups."""
    oidc_allowed_groups: str = ""
    """Comma-separated groups that may log in; empty: everybody the provider knows."""

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, value: str | None) -> str | None:
        return None if value is None else _safe_url(value)

    @field_validator("valkey_url")
    @classmethod
    def _valkey(cls, value: SecretStr | None) -> SecretStr | None:
        scheme = value.get_secret_value().partition("://")[0] if value else "valkey"
        if scheme not in ("valkey", "valkeys", "redis", "rediss", "unix"):
            raise ValueError(
                "must begin with valkey://, valkeys://, redis://, rediss:// or unix://"
            )
        return value

    @field_validator("trusted_issuers")
    @classmethod
    def _trusted(cls, value: str) -> str:
        read_issuers(value)
        return value

    @property
    def issuers(self) -> dict[str, str]:
        """Return the issuers of trusted publishing, each with its provider."""
        return read_issuers(self.trusted_issuers)

    @property
    def audience(self) -> str:
        """Return what identity tokens must be for."""
        return self.oidc_audience or self.public_url

    _check_proxies = field_validator("trusted_proxies")(_networks)


class WorkerSettings(StorageSettings):
    """The worker: vetting, signing, the log and everything published."""

    signing_key_uri: str
    """Signs archives, index documents and the timestamp."""
    registry_ca_key_uri: str
    """The registry CA: issues the signing leaf and its CRL."""
    publisher_ca_key_uri: str
    """The publisher CA: issues publishers' leaves and its CRL."""
    log_key_uri: str
    """Signs the log's checkpoints."""
    root_key_uri: str | None = None
    """The root key, only while ``ROOT_MODE=managed`` and the ceremony is not done."""
    root_mode: Literal["managed", "sealed", "offline"] = "managed"
    """Who holds the root: this deployment, nobody after the ceremony, or the operator."""
    hsm_backend: Literal["hsm", "software"] = "hsm"
    """``hsm`` refuses a key that is not held by an HSM."""
    former_key_uris: str = ""
    """Keys that were replaced and still sign, parted by spaces: CAs' for their CRLs, the log's."""
    pki_secret: str | None = None
    """Where the worker puts the CAs' certificates for others to read, as a secret's URI: registry
    CA, publisher CA and root as PEM; unset: nowhere but the trust bundle and each release."""
    log_witness_secret: str | None = None
    """The log's Ed25519 key (PKCS#8 PEM) as a secret's URI: its line beside ``LOG_KEY_URI``'s lets
    public witnesses cosign checkpoints; unset: there is no such line."""
    redirect_hosts: str = ""
    """Comma-separated hosts a client may follow a redirect to (goes into the trust bundle)."""
    cdn_uri: str = "none:"
    """What a takedown is told to: ``cloudfront://…``, ``gcpcdn://…``, ``frontdoor://…``."""
    scanner_url: str = "none:"
    """What looks for malware in uploads: ``clamd://host:3310`` or ``clamd:///path/clamd.ctl``."""
    ready_file: str | None = None
    """Written when the worker has migrated and settled once; a health check looks for it."""
    worker_concurrency: int = Field(default=4, ge=1, le=64)
    """Versions that are worked on at the same time."""

    _check_keys = field_validator(
        "signing_key_uri",
        "registry_ca_key_uri",
        "publisher_ca_key_uri",
        "log_key_uri",
        "root_key_uri",
        "former_key_uris",
    )(_key_uri)

    _check_secret = field_validator("pki_secret")(_writable_secret)

    def key_uris(self) -> dict[str, str]:
        """Return the key settings that are set, by environment variable."""
        named = {
            "SIGNING_KEY_URI": self.signing_key_uri,
            "REGISTRY_CA_KEY_URI": self.registry_ca_key_uri,
            "PUBLISHER_CA_KEY_URI": self.publisher_ca_key_uri,
            "LOG_KEY_URI": self.log_key_uri,
            "ROOT_KEY_URI": self.root_key_uri,
        }
        return {name: uri for name, uri in named.items() if uri}


def load_api_settings(environ: Mapping[str, str] | None = None) -> ApiSettings:
    """Read the API's settings; a key setting in its environment is a mistake.

    Raises:
        ConfigurationInvalid: with every mistake in ``errors``.
    """
    env = os.environ if environ is None else environ
    mistakes = [
        *mistakes_in.login(env),
        *mistakes_in.keys_for_api(env),
        *mistakes_in.same_store(env),
        *mistakes_in.half_oidc(env),
    ]
    return _load(ApiSettings, env, mistakes)


def load_worker_settings(environ: Mapping[str, str] | None = None) -> WorkerSettings:
    """Read the worker's settings.

    Raises:
        ConfigurationInvalid: with every mistake in ``errors``.
    """
    env = os.environ if environ is None else environ
    mistakes = [
        *mistakes_in.login(env),
        *mistakes_in.same_store(env),
        *mistakes_in.key_contradictions(env),
    ]
    return _load(WorkerSettings, env, mistakes)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read what every role reads (migrations, administration).

    Raises:
        ConfigurationInvalid: with every mistake in ``errors``.
    """
    env = os.environ if environ is None else environ
    return _load(Settings, env, [*mistakes_in.login(env)])


def names() -> frozenset[str]:
    """Return every variable that a role reads."""
    kinds = (ApiSettings, WorkerSettings)
    return frozenset(field.upper() for kind in kinds for field in kind.model_fields)


def without_settings() -> dict[str, str]:
    """Return this process's environment less every setting, for a child that gets its own."""
    named = names()
    return {name: value for name, value in os.environ.items() if name not in named}


def has_database_url() -> bool:
    """Whether the environment names a database, so that it is not ``skreg up``'s own."""
    return bool(os.environ.get("DATABASE_URL"))


def _load(kind: type[S], environ: Mapping[str, str], mistakes: list[dict[str, str]]) -> S:
    values = {
        name: environ[name.upper()] for name in kind.model_fields if environ.get(name.upper())
    }
    try:
        settings = kind.model_validate(values)
    except ValidationError as error:
        mistakes = [*mistakes_in.in_fields(error), *mistakes]
    if mistakes:
        raise ConfigurationInvalid(
            "The environment does not make a configuration.",
            why="\n".join(f"  {item['path']}: {item['detail']}" for item in mistakes),
            fix="Correct these variables; docs/SETTINGS.md lists every one.",
            errors=mistakes,
        )
    return settings
