"""Yanked versions, and which of them the registry's staff yanked."""

from __future__ import annotations

from skreg.db.pool import Connection
from skreg.db.queries import rows


async def set_yanked(
    connection: Connection,
    version_id: int,
    *,
    reason: str | None,
    yanked: bool,
    by_staff: bool = False,
) -> bool:
    """Yank a published version or bring a yanked one back; False when it is not in that state.

    What staff yanked is brought back ``by_staff`` alone. The package's revision grows, so that
    its index document is signed anew.
    """
    sql = """
        WITH changed AS (
            UPDATE versions SET state = :new, yanked_reason = :reason,
                yanked_by_staff = :staff AND :new = 'yanked'
            WHERE id = :id AND state = :old AND (:staff OR :old <> 'yanked' OR NOT yanked_by_staff)
            RETURNING package_id)
        UPDATE packages SET revision = revision + 1 WHERE id IN (SELECT package_id FROM changed)"""
    old, new = ("published", "yanked") if yanked else ("yanked", "published")
    values = {"id": version_id, "new": new, "old": old, "reason": reason, "staff": by_staff}
    return await rows.run(connection, sql, values) == 1


async def take_over(connection: Connection, version_id: int, reason: str) -> bool:
    """Make an owner's yank the staff's; False when the version is not yanked by its owner.

    It is yanked before and after: neither log nor index has anything new to say.
    """
    sql = """
        UPDATE versions SET yanked_by_staff = true, yanked_reason = :reason
        WHERE id = :id AND state = 'yanked' AND NOT yanked_by_staff"""
    return await rows.run(connection, sql, {"id": version_id, "reason": reason}) == 1


async def is_by_staff(connection: Connection, version_id: int) -> bool:
    """Whether a version is yanked, and by the registry's staff."""
    sql = "SELECT state = 'yanked' AND yanked_by_staff FROM versions WHERE id = :id"
    return bool(await rows.scalar(connection, sql, {"id": version_id}))
