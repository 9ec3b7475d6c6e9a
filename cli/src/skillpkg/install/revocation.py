"""Revocation: the CRL of each CA, fetched once a run and held to what was promised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from cryptography import x509

from skillpkg.crypto import crl, encoding, names
from skillpkg.crypto.chain import VerifiedChain
from skillpkg.errors import Check, NetworkFailure, NotFound, VerificationRefused
from skillpkg.install.fetching import require_size
from skillpkg.install.modes import Mode, age, judge_date, refusal
from skillpkg.install.ports import ReadPlane, RememberedCrl, TrustState

KEPT_FOR = timedelta(hours=24)
FOREVER = datetime.max.replace(tzinfo=UTC)


class Revocations:
    """The CRLs of one run.

    Args:
        read: where CRLs are fetched.
        state: which numbers were seen before, and the lists kept for a day.
        promised: the least number of each CA's CRL, from the timestamp.
        clock: the present time (aware).
    """

    def __init__(
        self,
        read: ReadPlane,
        state: TrustState,
        promised: Mapping[str, int],
        clock: Callable[[], datetime],
    ) -> None:
        self._read = read
        self._state = state
        self._promised = promised
        self._clock = clock
        self._lists: dict[str, crl.CrlFacts] = {}

    def check(self, chain: VerifiedChain, at: datetime, mode: Mode) -> tuple[str, ...]:
        """Refuse a chain of which a part was revoked at the trusted time or before.

        Returns:
            Warnings about expired lists, in exact mode.

        Raises:
            VerificationRefused: revoked, crl-missing, crl-signature, crl-expired, crl-rollback.
            NetworkFailure: a list is neither kept nor within reach.
        """
        above = self._check(chain.root_id, chain.root, chain.intermediate, at, mode)
        return above + self._check(chain.ca_id, chain.intermediate, chain.leaf, at, mode)

    def _check(
        self,
        ca: str,
        issuer: x509.Certificate,
        subject: x509.Certificate,
        at: datetime,
        mode: Mode,
    ) -> tuple[str, ...]:
        if ca not in self._lists:
            self._lists[ca] = self._load(ca, issuer)
        facts = self._lists[ca]
        since = crl.revoked_at(facts.crl, subject.serial_number)
        if since is not None and since <= at:
            raise refusal(
                Check.REVOKED,
                f"The certificate {subject.subject.rfc4514_string()} is revoked.",
                f"It counts as revoked since {_since(since)}.",
                "Choose a version that was signed again, or ask its publisher.",
            )
        late = self._clock() - facts.next_update
        if late <= timedelta(0):
            return ()
        what = f"The revocation list of {_name(issuer)} expired {age(late)} ago."
        return (judge_date(mode, Check.CRL_EXPIRED, what),)

    def _load(self, ca: str, issuer: x509.Certificate) -> crl.CrlFacts:
        kept = self._state.crl(ca)
        least = max(self._promised.get(ca, 0), kept.number if kept else 0)
        if kept and (facts := self._still_good(kept, issuer, least)):
            return facts
        now = self._clock()
        try:
            der = self._fetch(ca)
        except NetworkFailure:
            if kept is None:
                raise
            return crl.check_crl(kept.der, issuer, now, least, expired_ok=True)
        facts = crl.check_crl(der, issuer, now, least, expired_ok=True)
        self._state.remember_crl(ca, RememberedCrl(facts.number, now, der))
        return facts

    def _still_good(
        self, kept: RememberedCrl, issuer: x509.Certificate, least: int
    ) -> crl.CrlFacts | None:
        """Return a list kept less than a day that is valid now, else None: fetch it again."""
        now = self._clock()
        if not timedelta(0) <= now - kept.fetched_at < KEPT_FOR:
            return None
        try:
            return crl.check_crl(kept.der, issuer, now, least)
        except VerificationRefused:
            return None

    def _fetch(self, ca: str) -> bytes:
        path = names.crl_path(ca)
        try:
            der = self._read.get(path, max_size=crl.MAX_CRL, immutable=False)
        except NotFound as error:
            raise refusal(
                Check.CRL_MISSING,
                f"The registry has no revocation list at {path}.",
                "Without it a revoked certificate could not be told from a good one.",
            ) from error
        return require_size(der, path, Check.CRL_SIGNATURE, crl.MAX_CRL)


def _since(since: datetime) -> str:
    return "ever" if since == crl.ALWAYS else encoding.format_time(since)


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()
