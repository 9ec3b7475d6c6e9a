"""CDNs, one file a scheme, chosen by ``CDN_URI`` and imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from skreg.errors import ConfigurationInvalid
from skreg.ports.cdn import Cdn

CDNS: dict[str, str] = {
    "cloudfront": "skreg.adapters.cdn.cloudfront:open_cdn",
    "frontdoor": "skreg.adapters.cdn.frontdoor:open_cdn",
    "gcpcdn": "skreg.adapters.cdn.gcpcdn:open_cdn",
    "none": "skreg.adapters.cdn.none:open_cdn",
}
"""URI scheme -> ``module:function``; the function takes the whole URI and returns a Cdn."""


def open_cdn(uri: str) -> Cdn:
    """Open the CDN that ``uri`` names, for example ``cloudfront://DISTRIBUTION``; asks nothing.

    Raises:
        ConfigurationInvalid: an unknown scheme, or a URI its adapter cannot read.
    """
    scheme = uri.partition(":")[0]
    if scheme not in CDNS:
        raise ConfigurationInvalid(
            "CDN_URI names no CDN.",
            why=f"Its scheme is {scheme!r}.",
            fix=f"Use one of: {', '.join(sorted(CDNS))}.",
        )
    module, _, function = CDNS[scheme].partition(":")
    return cast("Cdn", getattr(import_module(module), function)(uri))
