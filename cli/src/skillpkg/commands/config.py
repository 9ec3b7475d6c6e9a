"""Show and change settings.

default_registry  the registry that commands mean without --registry
targets           agents that install shows skills to without -t, with commas between
copy              true to copy into agents' folders instead of linking
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from skillpkg.client import config
from skillpkg.client.config import Config
from skillpkg.commands.parser import add_verbs
from skillpkg.errors import NotFound, UsageError
from skillpkg.output import Output

KEYS = ("default_registry", "targets", "copy")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    verbs = add_verbs(
        parser,
        {
            "list": "show all settings",
            "get": "show one setting",
            "set": "change one setting",
            "unset": "set one back to what it is from the start",
            "path": "print where they are kept",
        },
    )
    for verb in ("get", "set", "unset"):
        verbs[verb].add_argument("key", metavar="KEY", choices=KEYS)
    verbs["set"].add_argument("value", metavar="VALUE")


def run(options: argparse.Namespace, out: Output) -> int:
    """Run one verb."""
    if options.verb == "path":
        out.result({"path": str(config.config_path())})
        out.say(str(config.config_path()))
        return 0
    if options.verb in ("set", "unset"):
        text = options.value if options.verb == "set" else None
        settings = config.change(lambda old: _changed(old, options.key, text))
    else:
        settings = config.load()
    keys = KEYS if options.verb == "list" else (options.key,)
    out.result({key: getattr(settings, key) for key in keys})
    for key in keys:
        value = _shown(getattr(settings, key))
        out.say(value if options.verb == "get" else f"{key} = {value}")
    return 0


def _changed(old: Config, key: str, text: str | None) -> Config:
    if key == "copy":
        if text not in (None, "true", "false"):
            raise UsageError("copy is true or false.")
        return replace(old, copy=text == "true")
    if key == "targets":
        return replace(old, targets=_targets(text or ""))
    if text is not None and text not in old.registries:
        raise NotFound(f"No registry is called {text[:80]!a}.", fix="See: skillpkg registry list")
    return replace(old, default_registry=text)


def _targets(text: str) -> tuple[str, ...]:
    from skillpkg.install.targets import find_target

    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        find_target(name, None)
    return names


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value or "")
