"""What the infrastructure program says before it touches a cloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong: the keys it is about, what they say, and what is allowed."""

    keys: tuple[str, ...]
    found: str
    allowed: str

    def __str__(self) -> str:
        names = ", ".join(f"skreg:{key} (SKILLPKG_{key.upper()})" for key in self.keys)
        return f"{names} is {self.found}; allowed: {self.allowed}"


class ConfigurationInvalid(ValueError):
    """The stack's configuration cannot be deployed; ``mistakes`` has all of them."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        lines = "\n".join(f"  - {mistake}" for mistake in self.mistakes)
        super().__init__(
            f"The stack's configuration has {len(self.mistakes)} mistake(s):\n{lines}\n"
            "Correct them with `pulumi config set skreg:<key> <value>` or in the stack's file."
        )
