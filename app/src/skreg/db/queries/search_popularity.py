"""Popularity: one count an address, package and UTC day, and the tiers that follow from it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from skreg.db.pool import Connection
from skreg.db.queries import rows

TIER_SIZES = (2_000, 10_000, 50_000, 250_000)
"""Packages up to tier 0, 1, 2 and 3; behind them is tier 4."""
WINDOW_DAYS = 90
"""Downloads of so many days make the popularity."""
KEPT_DAYS = 400
"""Daily counts are kept for so long."""


async def salt_of(connection: Connection, day: date, fresh: bytes) -> bytes:
    """Return the day's salt; ``fresh`` becomes it when there is none yet."""
    insert = "INSERT INTO visit_salts (day, salt) VALUES (:day, :salt) ON CONFLICT DO NOTHING"
    await rows.run(connection, insert, {"day": day, "salt": fresh})
    sql = "SELECT salt FROM visit_salts WHERE day = :day"
    return bytes(await rows.scalar(connection, sql, {"day": day}))


async def add_visits(
    connection: Connection, day: date, visits: Collection[tuple[int, bytes]]
) -> None:
    """Count visitors of versions' packages, ``(version number, visitor)``; each once a day."""
    sql = """
        WITH fresh AS (
            INSERT INTO download_visits (day, package_id, visitor)
            SELECT DISTINCT CAST(:day AS date), v.package_id, t.visitor
            FROM unnest(CAST(:ids AS bigint[]), CAST(:visitors AS bytea[])) AS t (id, visitor)
            JOIN versions v ON v.id = t.id ORDER BY 2, 3
            ON CONFLICT DO NOTHING RETURNING package_id)
        INSERT INTO download_days (package_id, day, addresses)
        SELECT package_id, CAST(:day AS date), count(*) FROM fresh
        GROUP BY package_id ORDER BY package_id
        ON CONFLICT (package_id, day)
        DO UPDATE SET addresses = download_days.addresses + excluded.addresses"""
    values: dict[str, object] = {"day": day, "ids": [number for number, _ in visits]}
    await rows.run(connection, sql, {**values, "visitors": [visitor for _, visitor in visits]})


async def forget(connection: Connection, today: date) -> None:
    """Drop addresses and salts of days before yesterday, and counts that nobody asks for."""
    for table, days in (("download_visits", 1), ("visit_salts", 1), ("download_days", KEPT_DAYS)):
        sql = f"DELETE FROM {table} WHERE day < CAST(:today AS date) - {days}"
        await rows.run(connection, sql, {"today": today})


async def weigh(connection: Connection, today: date) -> int:
    """Set the popularity that moved by more than a tenth; returns how many did.

    The caller holds the publication lock, so no publication waits for these rows in another order.
    """
    sql = f"""
        UPDATE package_search s SET popularity = fresh.popularity
        FROM (
            SELECT package_id, coalesce(counted.addresses, 0) AS popularity
            FROM package_search LEFT JOIN (
                SELECT package_id, sum(addresses) AS addresses FROM download_days
                WHERE day > CAST(:today AS date) - {WINDOW_DAYS} GROUP BY package_id) AS counted
            USING (package_id)) AS fresh
        WHERE s.package_id = fresh.package_id
          AND abs(fresh.popularity - s.popularity) * 10 > s.popularity"""
    return await rows.run(connection, sql, {"today": today})


async def set_tiers(connection: Connection) -> int:
    """Put every package into its tier; returns how many moved. The lock is as for ``weigh``."""
    whens = " ".join(f"WHEN place <= {size} THEN {tier}" for tier, size in enumerate(TIER_SIZES))
    sql = f"""
        WITH places AS (
            SELECT package_id, row_number() OVER (ORDER BY popularity DESC, package_id) AS place
            FROM package_search ORDER BY popularity DESC, package_id LIMIT {TIER_SIZES[-1]})
        UPDATE package_search s SET tier = fresh.tier
        FROM (
            SELECT package_id, CASE {whens} ELSE {len(TIER_SIZES)} END AS tier
            FROM package_search LEFT JOIN places USING (package_id)) AS fresh
        WHERE s.package_id = fresh.package_id AND s.tier <> fresh.tier"""
    return await rows.run(connection, sql)
