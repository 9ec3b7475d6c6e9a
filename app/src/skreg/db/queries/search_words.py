"""What a person typed, as the queries that the search indexes answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from skreg.db.pool import Connection
from skreg.db.queries import rows

DEADLINE_MS = 2000
"""No statement of a search runs longer: the answer is then that the database is away."""
_JOINED = re.compile(r"(?<=\w)[-/]+(?=\w)")
_FOLLOWED_BY = re.compile(r"<(?:-|\d+)>")
_LEXEME = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True, slots=True)
class Filters:
    """What to look for; None means any. ``query`` is what a person typed."""

    query: str | None = None
    category: str | None = None
    tag: str | None = None
    namespace: str | None = None

    def lexemes(self) -> str:
        """Return the filters as a tsquery over what the document's trigger adds for them."""
        given = {"namespace": self.namespace, "category": self.category, "tag": self.tag}
        return " & ".join(_quoted(f"{kind}:{value}") for kind, value in given.items() if value)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Four tsqueries as text, empty where there is nothing to ask, and about how many packages.

    ``words`` ranks, and decides where order matters (``ordered``). ``index`` is what an index is
    asked: with the filters, and a phrase taken for its words, so that the rows in which a phrase
    is looked for are bounded. ``named`` finds those with every word in their name, and ``names``
    those with one of several words there; both are empty for phrases and negations.
    """

    words: str
    index: str
    named: str
    names: str
    packages: int

    @property
    def ordered(self) -> bool:
        """Whether ``index`` finds more than ``words``."""
        return bool(_FOLLOWED_BY.search(self.words))

    @property
    def several(self) -> bool:
        """Whether an index must bring several lists together."""
        return len(set(_LEXEME.findall(self.index))) > 1


@dataclass(frozen=True, slots=True)
class _Parsed:
    typed: str
    indexable: str
    plain: str
    simple: str
    packages: int
    _set: str


async def understand(connection: Connection, filters: Filters) -> Wanted | None:
    """Read what was typed, and keep this transaction to the indexes and to ``DEADLINE_MS``.

    Returns None when there are words and none of them can be looked for. A query of negations
    alone would read whole indexes: it is taken as plain words.
    """
    sql = f"""
        SELECT CAST(typed AS text), querytree(typed), CAST(plainto_tsquery('english', :q) AS text),
               CAST(plainto_tsquery('simple', :q) AS text),
               (SELECT CAST(reltuples AS bigint) FROM pg_class
                WHERE oid = CAST('package_search' AS regclass)),
               set_config('enable_seqscan', 'off', true)
                   || set_config('plan_cache_mode', 'force_generic_plan', true)
                   || set_config('statement_timeout', '{DEADLINE_MS}', true)
        FROM websearch_to_tsquery('english', :q) AS typed"""
    text = _JOINED.sub(" ", filters.query or "")
    parsed = await rows.one_row(connection, _Parsed, sql, {"q": text})
    words = _chosen(parsed) if parsed else ""
    if parsed is None or (filters.query and not words):
        return None
    loose = _loose(words)
    lexemes = filters.lexemes()
    named, names = ("", "") if "!" in words or loose != words else _in_names(words, lexemes)
    return Wanted(words, _both(loose, lexemes), named, names, parsed.packages)


def exact_name(query: str) -> tuple[str | None, str]:
    """Return the namespace, if one was typed, and the name that the text would be."""
    text = re.sub(r"[\s_]+", "-", query.strip().lower().removeprefix("@"))
    namespace, separator, name = text.rpartition("/")
    return (namespace if separator else None), name


def _chosen(parsed: _Parsed) -> str:
    if parsed.indexable not in ("", "T"):
        return parsed.typed
    return parsed.plain or parsed.simple


def _loose(words: str) -> str:
    """Return the query without order of words; under a negation that would find less, not more."""
    return words if "!" in words else _FOLLOWED_BY.sub("&", words)


def _in_names(words: str, lexemes: str) -> tuple[str, str]:
    """Return the queries for matches of which the name has every word, and one of several.

    Without negations, what has every word matches: the first asks for nothing but the names.
    """
    found = sorted({f"'name:{lexeme}'" for lexeme in _LEXEME.findall(words)})
    every = _both(" & ".join(found), lexemes) if found else ""
    one = _both(f"({words}) & ({' | '.join(found)})", lexemes) if len(found) > 1 else ""
    return every, one


def _both(query: str, lexemes: str) -> str:
    return " & ".join(part for part in (f"({query})" if query else "", lexemes) if part)


def _quoted(lexeme: str) -> str:
    escaped = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
