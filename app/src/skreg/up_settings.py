"""Settings of the parts of ``skreg up``: its own, and those in ``settings.env`` of its folder.

A file, and not the environment of whoever starts it: a private registry must not be a public one
after a start from another shell.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skreg.errors import ConfigurationInvalid
from skreg.settings import load_api_settings, load_worker_settings, names
from skreg.settings_mistakes import KEY_VARIABLES, mistake
from skreg.up_layout import Layout

WITNESS = "LOG_WITNESS_SECRET"
OWN = frozenset(
    {
        *("DATABASE_URL", "DATABASE_AUTH", "DATABASE_PASSWORD_SECRET", "ENVIRONMENT"),
        *("STORAGE_URL", "STAGING_URL", "LISTEN_HOST", "LISTEN_PORT", "READY_FILE"),
        *("SESSION_SEALING_KEY", "WEBHOOK_SEALING_KEY", "HSM_BACKEND", "ROOT_MODE"),
        *(name for name in KEY_VARIABLES if name != WITNESS),
    }
)
"""What ``skreg up`` decides itself: where its parts are, and the keys."""


@dataclass(frozen=True, slots=True)
class PartSettings:
    """The environments of the two children; ``url`` is where people reach the registry."""

    api: dict[str, str]
    worker: dict[str, str]
    url: str


def settings_in(layout: Layout) -> dict[str, str]:
    """Return what ``settings.env`` of a folder sets; nothing without the file.

    Raises:
        ConfigurationInvalid: it cannot be read; with every line that is no setting, or sets what
            ``skreg up`` decides itself.
    """
    from dotenv.parser import parse_stream

    try:
        with layout.settings.open(encoding="utf-8") as file:
            bindings = list(parse_stream(file))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigurationInvalid(f"{layout.settings} cannot be read.", why=why) from error
    found = {one.key: one.value or "" for one in bindings if one.key is not None}
    unread = [one.original.string.strip().splitlines()[0] for one in bindings if one.error]
    mistakes = [mistake("line", line, "is not NAME=VALUE") for line in unread]
    if mistakes := [*mistakes, *_mistakes(found)]:
        raise _invalid(layout, mistakes)
    return {name: value for name, value in found.items() if value}


def _mistakes(found: Mapping[str, str]) -> Iterator[dict[str, str]]:
    for name in found:
        if name not in names():
            yield mistake("unknown", name, "is no setting")
        elif name in OWN:
            yield mistake("own", name, "is what skreg up decides itself")


def settings_of_parts(
    layout: Layout, database_url: str, address: tuple[str, int], url: str, chosen: Mapping[str, str]
) -> PartSettings:
    """Return what API and worker are started with; only the worker is told where the keys are.

    Args:
        address: what the API binds, host and port.
        url: where it answers on this machine; people reach it there unless ``PUBLIC_URL`` is set.
        chosen: settings from the command line, stronger than those of ``settings.env``.

    Raises:
        ConfigurationInvalid: the file's settings do not make a configuration.
    """
    from skreg.pki.local import local_key_settings

    file = settings_in(layout)
    shared = {"PUBLIC_URL": url, "LOG_LEVEL": "warning", "LOG_FORMAT": "console"}
    shared |= file | dict(chosen) | _places(layout, database_url)
    witness = {name: shared.pop(name) for name in (WITNESS,) if name in shared}
    worker = shared | witness | local_key_settings(layout.keys)
    listen = {"LISTEN_HOST": address[0], "LISTEN_PORT": str(address[1])}
    api = shared | listen | {"SESSION_SEALING_KEY": shared["WEBHOOK_SEALING_KEY"]}
    try:
        load_worker_settings(worker)
        found = load_api_settings(api)
    except ConfigurationInvalid as error:
        raise _invalid(layout, error.errors) from error
    return PartSettings(api, worker, found.public_url)


def _places(layout: Layout, database_url: str) -> dict[str, str]:
    layout.storage.mkdir(exist_ok=True)
    layout.staging.mkdir(exist_ok=True, mode=0o700)
    return {
        "ENVIRONMENT": "dev",
        "DATABASE_URL": database_url,
        "STORAGE_URL": layout.storage.as_uri(),
        "STAGING_URL": layout.staging.as_uri(),
        "WEBHOOK_SEALING_KEY": _sealing_key(layout),
    }


def _sealing_key(layout: Layout) -> str:
    """Return what seals webhooks' secrets and session keys here; made with the first start."""
    path = layout.sealing_key
    if not path.exists():
        made = path.with_suffix(".new")
        made.unlink(missing_ok=True)
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        made.rename(path)
    return path.read_text("ascii")


def _invalid(layout: Layout, mistakes: Sequence[dict[str, str]]) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        f"{layout.settings} does not make a configuration.",
        why="\n".join(f"  {item['path']}: {item['detail']}" for item in mistakes),
        fix="Correct these lines; docs/SETTINGS.md lists every setting.",
        errors=list(mistakes),
    )
