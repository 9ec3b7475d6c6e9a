"""Where ``skreg up`` keeps what."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders below one data folder."""

    root: Path

    @property
    def database(self) -> Path:
        """PostgreSQL's own folder."""
        return self.root / "database"

    @property
    def keys(self) -> Path:
        """The five key files, for nobody else's eyes."""
        return self.root / "keys"

    @property
    def sealing_key(self) -> Path:
        """What seals the secrets of webhooks, for API and worker alone."""
        return self.root / "sealing.key"

    @property
    def settings(self) -> Path:
        """Settings that somebody chose, ``NAME=VALUE`` a line; there may be none."""
        return self.root / "settings.env"

    @property
    def storage(self) -> Path:
        """The read plane: copy it anywhere and it installs from there."""
        return self.root / "storage"

    @property
    def staging(self) -> Path:
        """Uploads that are not vetted yet."""
        return self.root / "staging"


def layout_of(data: Path | None) -> Layout:
    """Return the layout below ``data``, or below the default folder of this user.

    As root that is ``/var/lib/skreg``: the database drops to a user of its own, who must be able
    to reach it without a home being opened.
    """
    if data is not None:
        return Layout(data.expanduser().resolve())
    if os.geteuid() == 0:
        return Layout(Path("/var/lib/skreg"))
    import platformdirs

    return Layout(Path(platformdirs.user_data_dir("skreg", appauthor=False)))
