"""Show installed skills to agents: a link or a copy in the folder each agent looks in."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from skillpkg.errors import InstallFailed, UsageError
from skillpkg.install.agents import AGENTS, Agent
from skillpkg.install.folders import Folder, open_folder, remove_tree
from skillpkg.install.index_file import Placement
from skillpkg.install.shown import edits, is_gone
from skillpkg.installed import InstalledPackage


@dataclass(frozen=True, slots=True)
class Target:
    """One agent's skills folder.

    Attributes:
        root: the user's home or the project, which may be a link.
        parts: the folders below it; in a project none of them may be a link.
    """

    agent: Agent
    root: Path
    parts: tuple[str, ...]
    in_project: bool

    @property
    def folder(self) -> Path:
        """Where the agent looks."""
        return self.root.joinpath(*self.parts)

    def open(self) -> AbstractContextManager[Folder]:
        """Open the folder, making it when it is missing.

        Raises:
            InstallFailed: in a project, a part is a link: the repository put it there, not you.
        """
        if self.in_project:
            return open_folder(self.root.resolve(), *self.parts)
        self.folder.mkdir(parents=True, exist_ok=True)
        return open_folder(self.folder.resolve())


def find_target(name: str, project: Path | None) -> Target:
    """Return the folder of the agent ``name``, in a project or for the user.

    Raises:
        UsageError: an agent the table does not have, or one without such a folder.
    """
    agent = AGENTS.get(name)
    if agent is None:
        raise _unknown(name)
    if project is not None:
        return Target(agent, project, tuple(agent.project.split("/")), True)
    if not agent.user:
        raise UsageError(
            f"{agent.label} has no skills folder for the user.", fix="Add --local, in a project."
        )
    parts = tuple(agent.user.split("/"))
    moved = os.environ.get(agent.moved_by) if agent.moved_by else None
    if moved:
        return Target(agent, Path(moved), parts[1:], False)
    return Target(agent, Path.home(), parts, False)


def agents_here() -> list[str]:
    """Return the agents that have left a folder in the user's home: likely targets."""
    roots = {name: agent.user.rpartition("/skills")[0] for name, agent in AGENTS.items()}
    shared = (".agents", ".config/agents", "")
    return [n for n, root in roots.items() if root not in shared and (Path.home() / root).is_dir()]


def place(
    package: InstalledPackage,
    files: Path,
    target: Target,
    *,
    copy: bool,
    placements: tuple[Placement, ...],
) -> Placement:
    """Show one package to one agent, in place of another version of it.

    The entry has the skill's own name, which agents expect, or ``ns__name`` when something else
    has that name. Nothing that skillpkg did not put there is ever touched.

    Args:
        files: the version's folder in the store.
        placements: what skillpkg has put in agents' folders so far.

    Raises:
        InstallFailed: both names are taken, or a link stands where a project's folder should be.
    """
    ours = {p.path.name for p in placements if _is_ours(p, package, target)}
    with target.open() as folder:
        name = _choose(package, folder, ours)
        if copy:
            _copy(files, folder, name)
        else:
            if folder.kind(name) == "folder":
                remove_tree(folder, name)
            folder.link(name, _link_text(files, folder.path, target))
    kind = "copy" if copy else "link"
    return Placement(
        package.package, package.version.text, target.agent.id, target.folder / name, kind
    )


def _is_ours(placement: Placement, package: InstalledPackage, target: Target) -> bool:
    same_folder = placement.path.parent == target.folder
    return same_folder and placement.package == package.package


def _choose(package: InstalledPackage, folder: Folder, ours: set[str]) -> str:
    names = (str(package.name), f"{package.namespace}__{package.name}")
    for name in (*sorted(ours & set(names)), *names):
        if folder.kind(name) == "absent" or name in ours:
            return name
    raise InstallFailed(
        f"{folder.path} already has {names[0]} and {names[1]} from elsewhere.",
        why="What skillpkg did not put there, it does not replace.",
        fix="Move one of them away and install again.",
    )


def _link_text(files: Path, folder: Path, target: Target) -> str:
    """Return what the link says: relative inside a project, so that the project can move."""
    return os.path.relpath(files, folder) if target.in_project else str(files)


def _copy(files: Path, folder: Folder, name: str) -> None:
    import shutil

    draft, aside = f".{name}.{os.urandom(6).hex()}", f".{name}.{os.urandom(6).hex()}.old"
    try:
        shutil.copytree(files, folder.path / draft, symlinks=True)
        folder.still_here()
        if folder.kind(name) != "absent":
            folder.take(aside, folder, name)
        folder.take(name, folder, draft)
    finally:
        remove_tree(folder, draft)
        remove_tree(folder, aside)


def unplace(placement: Placement, files: Path) -> bool:
    """Take an entry out of an agent's folder if it is still what skillpkg put there.

    Args:
        files: the version's folder in the store.

    Returns:
        False when something else stands there now; that is left alone.
    """
    path = placement.path
    if is_gone(placement):
        return True
    if edits(placement, files):
        return False
    with open_folder(path.parent.resolve()) as folder:
        remove_tree(folder, path.name)
    return True


def _unknown(name: str) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(name, AGENTS, n=3)
    return UsageError(
        f"There is no agent {name[:60]!a} in skillpkg's table.",
        why=f"It knows {len(AGENTS)} agents." + (f" Near: {', '.join(near)}" if near else ""),
        fix="Use one of: claude-code, codex, cursor, gemini-cli, opencode, github-copilot, …",
    )
