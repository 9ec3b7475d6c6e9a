"""What a build of the client carries: its version and the trust it starts with.

No environment variable, configuration file or project folder can change these.
"""

from __future__ import annotations

VERSION = "0.1.0"

#: Where an administrator pins registries for a whole machine (one TOML file each).
ADMINISTRATOR_PINS = "/etc/skillpkg/trust.d"

#: A registry built in, as ``(name, url, root fingerprint)``; None in the plain build.
BUILT_IN_REGISTRY: tuple[str, str, str] | None = None
