"""Small skill folders to pack."""

from __future__ import annotations

from pathlib import Path

DESCRIPTION = "Greets people politely in the language of the day."
SKILL_MD = f"---\nname: greeter\ndescription: {DESCRIPTION}\n---\n# Greeter\n"


def write_skill(folder: Path, files: dict[str, str | bytes] | None = None) -> Path:
    """Write a skill folder named ``greeter``; ``files`` add to it or replace."""
    root = folder / "greeter"
    for path, content in (
        {"SKILL.md": SKILL_MD, "skill.yaml": "version: 1.0.0\n"} | (files or {})
    ).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root
