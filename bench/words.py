"""A million packages' worth of text, made of real words in their real neighbourhoods.

A made description is four runs of six consecutive words, so that words are as frequent, and as
often together, as people have written them. One run is from real skills: the ``SKILL.md`` files
of ``examples/`` and of the Python packages installed beside this one. They are too few for a
million packages, so the other three are from what these packages say of themselves (summary and
long description): real prose that any machine has. A name is two of all these words.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"
RUNS, RUN = 4, 6
NAMESPACES = 20_000
MOST_DOWNLOADED = 1_000_000
CATEGORIES = 12
TAGS = 300
_WORD = re.compile(r"[a-z][a-z0-9]+(?:-[a-z0-9]+)*")
_MARKUP = re.compile(r"\S*(?:://|[<>{}|\\=_$]|``)\S*")


@dataclass(frozen=True, slots=True)
class Row:
    """One package as search knows it."""

    number: int
    namespace: str
    name: str
    description: str
    category: str
    tags: list[str]
    popularity: int


@dataclass(frozen=True, slots=True)
class Words:
    """Real words in the order in which they were written."""

    skills: list[str]
    prose: list[str]

    @property
    def all(self) -> list[str]:
        """Both."""
        return [*self.skills, *self.prose]


def real_words() -> Words:
    """Return the words of all the real text there is on this machine."""
    skills = [path.read_text("utf-8") for path in sorted(EXAMPLES.glob("*/SKILL.md"))]
    prose = []
    found = {item.metadata["Name"]: item for item in distributions()}
    for _, package in sorted(found.items()):
        facts = package.metadata.json
        skills += _skills_in(package)
        prose.append(f"{facts.get('summary', '')}\n{facts.get('description', '')}")
    return Words(_words(skills), _words(prose))


def _skills_in(package: Distribution) -> list[str]:
    """Return the skills that a package brings to its users' agents."""
    listed = sorted(str(item.locate()) for item in package.files or () if item.name == "SKILL.md")
    return [Path(item).read_text("utf-8") for item in listed]


def _words(texts: list[str]) -> list[str]:
    return [
        word.group() for text in texts for word in _WORD.finditer(_MARKUP.sub(" ", text.lower()))
    ]


def rows(words: Words, start: int, end: int, total: int) -> Iterator[Row]:
    """Yield packages ``start`` to ``end`` of ``total``: the same ones in every run."""
    step = _stride(total)
    names = [word for word in words.all if "-" not in word]
    sources = [words.skills, *[words.prose] * (RUNS - 1)]
    for number in range(start, end):
        chance = random.Random(number)
        rank = 1 + number * step % total  # scattered: neither the oldest nor any word is popular
        yield Row(
            number,
            f"team-{chance.randrange(NAMESPACES)}",
            f"{chance.choice(names)}-{chance.choice(names)}-{number % 1000}",
            " ".join(_run(source, chance) for source in sources),
            f"category-{chance.randrange(CATEGORIES)}",
            [names[chance.randrange(TAGS)] for _ in range(2)],
            int(MOST_DOWNLOADED / rank**0.9),
        )


def _run(words: list[str], chance: random.Random) -> str:
    at = chance.randrange(len(words) - RUN)
    return " ".join(words[at : at + RUN])


def _stride(total: int) -> int:
    """Return a number without a common divisor with ``total`` of any interest: a large prime."""
    return 7_368_787 if total % 7_368_787 else 1
