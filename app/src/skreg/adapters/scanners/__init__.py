"""Malware scanners, one file a scheme, chosen by ``SCANNER_URL`` and imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from skreg.errors import ConfigurationInvalid
from skreg.ports.scanner import Scanner

SCANNERS: dict[str, str] = {
    "clamd": "skreg.adapters.scanners.clamd:open_scanner",
    "none": "skreg.adapters.scanners.none:open_scanner",
}
"""URL scheme -> ``module:function``; the function takes the whole URL and returns a Scanner."""


def open_scanner(url: str) -> Scanner:
    """Open the scanner that ``url`` names, for example ``clamd://clamav:3310``; asks nothing.

    Raises:
        ConfigurationInvalid: an unknown scheme, or a URL its adapter cannot read.
    """
    scheme = url.partition(":")[0]
    if scheme not in SCANNERS:
        raise ConfigurationInvalid(
            "SCANNER_URL names no scanner.",
            why=f"Its scheme is {scheme!r}.",
            fix=f"Use one of: {', '.join(sorted(SCANNERS))}.",
        )
    module, _, function = SCANNERS[scheme].partition(":")
    return cast("Scanner", getattr(import_module(module), function)(url))
