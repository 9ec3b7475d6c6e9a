"""What can be wrong with a configuration beyond one field, told all at once.

A mistake is ``{"rule", "path", "detail"}``; ``path`` is the environment variable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

KEY_VARIABLES = (
    "SIGNING_KEY_URI",
    "REGISTRY_CA_KEY_URI",
    "PUBLISHER_CA_KEY_URI",
    "LOG_KEY_URI",
    "ROOT_KEY_URI",
    "PKI_SECRET",
    "FORMER_KEY_URIS",
    "LOG_WITNESS_SECRET",
)


def mistake(rule: str, variable: str, detail: str) -> dict[str, str]:
    """Return one mistake in this page's form."""
    return {"rule": rule, "path": variable, "detail": detail}


def login(env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield contradictions in how the database is signed in to."""
    how, secret = env.get("DATABASE_AUTH", ""), env.get("DATABASE_PASSWORD_SECRET", "")
    if secret and how not in ("", "secret"):
        detail = f"contradicts DATABASE_AUTH={how}: remove one of them"
        yield mistake("database-login", "DATABASE_PASSWORD_SECRET", detail)
    if how == "secret" and not secret:
        yield mistake("database-login", "DATABASE_PASSWORD_SECRET", "DATABASE_AUTH=secret needs it")
    user, at, _ = env.get("DATABASE_URL", "").partition("://")[2].partition("@")
    if at and ":" in user and (secret or how not in ("", "password")):
        detail = "carries a password, and DATABASE_AUTH says that it comes from elsewhere"
        yield mistake("database-login", "DATABASE_URL", detail)


def keys_for_api(env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield every key setting that an API's environment names."""
    for name in KEY_VARIABLES:
        if env.get(name):
            yield mistake("key-in-api", name, "the API holds no signing right: unset it")


def same_store(env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield a staging store that is the published one."""
    storage, staging = env.get("STORAGE_URL", ""), env.get("STAGING_URL", "")
    if storage and storage.rstrip("/") == staging.rstrip("/"):
        detail = "is the same place as STORAGE_URL: unvetted uploads would be public"
        yield mistake("same-store", "STAGING_URL", detail)


def half_oidc(env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield the missing half of an identity provider."""
    pair = ("OIDC_ISSUER", "OIDC_CLIENT_ID")
    for name, other in (pair, pair[::-1]):
        if env.get(other) and not env.get(name):
            yield mistake("missing", name, f"is needed beside {other}")


def key_contradictions(env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield key settings that contradict the root's mode, the backend or each other."""
    uris = {name: env[name] for name in KEY_VARIABLES[:5] if env.get(name)}
    if env.get("ROOT_MODE") == "offline" and "ROOT_KEY_URI" in uris:
        detail = "contradicts ROOT_MODE=offline: remove one of them"
        yield mistake("root-mode", "ROOT_KEY_URI", detail)
    for name, uri in uris.items():
        if uri.startswith("file:") and env.get("HSM_BACKEND", "hsm") == "hsm":
            detail = "is a file; say HSM_BACKEND=software to allow that"
            yield mistake("software-key", name, detail)
        if any(other != name and uris[other] == uri for other in uris):
            yield mistake("shared-key", name, "names a key that another setting names too")


def in_fields(error: ValidationError) -> list[dict[str, str]]:
    """Return what pydantic found, in this page's form."""
    return [
        {
            "rule": item["type"].replace("_", "-"),
            "path": ".".join(str(part) for part in item["loc"]).upper() or "ENVIRONMENT",
            "detail": item["msg"].removeprefix("Value error, "),
        }
        for item in error.errors(include_input=False, include_url=False)
    ]
