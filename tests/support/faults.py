"""What a stand-in of a signing service does wrong, on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Faults:
    """Switches that one test sets; ``clear`` before the next.

    Attributes:
        throttle: how many of the next signing requests are told to come back later.
        mangle: changes the signature on its way back.
        answer_as: the key id that the answer claims to be by.
        software: the answer says that the key signed outside an HSM.
        lost_digest: the service says that it did not see the digest's checksum.
        wrong_checksum: the answer's checksum is not that of its signature.
        requests: the names of the requests that arrived.
    """

    throttle: int = 0
    mangle: Callable[[bytes], bytes] | None = None
    answer_as: str | None = None
    software: bool = False
    lost_digest: bool = False
    wrong_checksum: bool = False
    requests: list[str] = field(default_factory=list)

    def clear(self) -> None:
        """Behave again."""
        fresh = Faults()
        for name, value in vars(fresh).items():
            setattr(self, name, value)

    def throttled(self) -> bool:
        """Whether this request is to be turned away."""
        if self.throttle == 0:
            return False
        self.throttle -= 1
        return True

    def changed(self, signature: bytes) -> bytes:
        """The signature as it arrives."""
        return self.mangle(signature) if self.mangle else signature
