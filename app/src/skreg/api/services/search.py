"""Finding packages: one page of a search, and the tags and categories in use."""

from __future__ import annotations

from skreg.bootstrap import ApiContainer
from skreg.db.pool import reading, writing
from skreg.db.queries import search, search_facets, search_within
from skreg.db.queries.readers import WHOLE, Sight
from skreg.db.queries.search import Found
from skreg.db.queries.search_facets import Count
from skreg.db.queries.search_words import Filters

PER_PAGE = 20
LAST_PAGE = search.TOTAL_CAP // PER_PAGE


async def find(container: ApiContainer, filters: Filters, page: int, sight: Sight = WHOLE) -> Found:
    """Return page ``page``, from 1 to ``LAST_PAGE``, of what the reader sees."""
    async with writing(container.pool) as connection:  # its planner settings end with it
        if not sight.is_whole:
            first = (page - 1) * PER_PAGE
            return await search_within.search(
                connection, filters, sight, offset=first, limit=PER_PAGE
            )
        return await search.search(
            connection, filters, offset=(page - 1) * PER_PAGE, limit=PER_PAGE
        )


async def tags(container: ApiContainer, sight: Sight = WHOLE) -> list[Count]:
    """Return the thousand most used tags."""
    async with reading(container.pool) as connection:
        if not sight.is_whole:
            return await search_within.tags(connection, sight)
        return await search_facets.tags(connection)


async def categories(container: ApiContainer, sight: Sight = WHOLE) -> list[Count]:
    """Return the categories in use."""
    async with reading(container.pool) as connection:
        if not sight.is_whole:
            return await search_within.categories(connection, sight)
        return await search_facets.categories(connection)
