"""Reads the stack file's ``skreg:*`` keys through Pulumi's own configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource, PydanticBaseSettingsSource

from skillpkg_infra.errors import Mistake

PROJECT = "skreg"


class StackFile(PydanticBaseSettingsSource):
    """The stack's configuration as a settings source; objects and lists are JSON there."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the raw text of one key, or ``None``."""
        return pulumi.Config(PROJECT).get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return every key that the stack sets."""
        values: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            raw = self.get_field_value(field, name)[0]
            if raw is not None:
                values[name] = _parsed(str(raw))
        return values

    def unknown(self) -> list[Mistake]:
        """Return a mistake for each ``skreg:*`` key that means nothing."""
        known = set(self.settings_cls.model_fields)
        return [
            Mistake((key,), "a key that skreg does not have", ", ".join(sorted(known)))
            for key in _keys()
            if key not in known
        ]


class Variables(EnvSettingsSource):
    """``SKILLPKG_*``; what is not JSON where JSON is due is left for pydantic to name."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Return the decoded value, or the text as it is."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def _keys() -> Iterator[str]:
    present = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    for key in sorted(present):
        project, _, name = key.partition(":")
        if project == PROJECT:
            yield name


def _parsed(raw: str) -> Any:
    """Return objects and lists as such, every other value as text for pydantic to read."""
    if raw[:1] not in "{[":
        return raw
    try:
        return json.loads(raw)
    except ValueError:
        return raw
