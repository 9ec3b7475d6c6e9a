"""A million packages' worth of text, made of real words in their real neighbourhoods.

The words are those of the descriptions in ``examples/`` and of the metadata (summary and long
description) of the Python packages installed beside this one: real prose that any machine has.
A made description is four runs of six consecutive words, so that words are as frequent, and as
often together, as people have written them; a name is two of these words.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
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


def real_words() -> list[str]:
    """Return the words of all the real text there is, in the order in which they were written."""
    texts = [path.read_text() for path in sorted(EXAMPLES.glob("*/SKILL.md"))]
    found = {item.metadata["Name"]: item.metadata.json for item in distributions()}
    for _, facts in sorted(found.items()):
        texts.append(f"{facts.get('summary', '')}\n{facts.get('description', '')}")
    return [
        word.group() for text in texts for word in _WORD.finditer(_MARKUP.sub(" ", text.lower()))
    ]


def rows(words: list[str], start: int, end: int, total: int) -> Iterator[Row]:
    """Yield packages ``start`` to ``end`` of ``total``: the same ones in every run."""
    step = _stride(total)
    names = [word for word in words if "-" not in word]
    for number in range(start, end):
        chance = random.Random(number)
        rank = 1 + number * step % total  # scattered: neither the oldest nor any word is popular
        yield Row(
            number,
            f"team-{chance.randrange(NAMESPACES)}",
            f"{chance.choice(names)}-{chance.choice(names)}-{number % 1000}",
            " ".join(_run(words, chance) for _ in range(RUNS)),
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
