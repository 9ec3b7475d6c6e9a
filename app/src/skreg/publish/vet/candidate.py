"""The archive that is vetted, with what the database row claims of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from skillpkg.archive.limits import DEFAULT, Limits, Policy
from skillpkg.archive.reader import Archive, read_archive
from skreg.ports.scanner import Scanner


@dataclass(frozen=True)
class Candidate:
    """One uploaded archive under the identity that its row gives it.

    Attributes:
        data: the ``.skill`` file as it was uploaded.
        sha256, content_digest: hexadecimal digests in the row; the content digest is None while
            nobody has computed it.
        policy: the registry's, ``standard`` or ``strict``.
        scanner: what looks for malware in it; None: nobody does.
    """

    data: bytes
    namespace: str
    name: str
    version: str
    sha256: str
    content_digest: str | None = None
    policy: Policy = "standard"
    limits: Limits = DEFAULT
    scanner: Scanner | None = None

    @cached_property
    def archive(self) -> Archive:
        """The archive, read once for all stages.

        Raises:
            ArchiveInvalid: it breaks a rule; the structure stage makes that a finding.
        """
        return read_archive(self.data, limits=self.limits, policy=self.policy)
