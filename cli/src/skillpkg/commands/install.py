"""Install skills, with everything they need, after every check has passed.

Name packages as ns/name, ns/name@1.2.0, ns/name@latest or ns/name@^1.2. With --sha256 one exact
version is installed that you know by its hash, even while the registry's signed dates have passed.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skillpkg.client import config
from skillpkg.commands.parser import add_registry
from skillpkg.commands.session import add_scope, chosen_registry, now, open_store, tilde
from skillpkg.errors import UsageError
from skillpkg.install.index_file import Placement
from skillpkg.install.outcome import Done, Outcome
from skillpkg.install.store import Store
from skillpkg.install.wishes import Requirement, Wish, granted
from skillpkg.output import Output
from skillpkg.package_ref import PackageRef
from skillpkg.types import Sha256Digest

if TYPE_CHECKING:
    from skillpkg.client.registries import Registry
    from skillpkg.install.targets import Target

CHECKS = (
    "timestamp",
    "index",
    "archive",
    "files",
    "signature",
    "certificate chain",
    "revocation",
    "transparency log",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument(
        "packages", metavar="NS/NAME[@VERSION]", nargs="+", help="VERSION may be a tag or a range"
    )
    parser.add_argument(
        "-t",
        "--target",
        metavar="AGENT",
        action="append",
        help="show it to this agent (claude-code, codex, cursor, …); repeatable",
    )
    parser.add_argument("--copy", action="store_true", help="copy into the agent's folder, no link")
    parser.add_argument("--sha256", metavar="HEX", help="of the archive, for one exact version")
    parser.add_argument(
        "--force", action="store_true", help="replace files that were changed since their install"
    )
    add_scope(parser)
    add_registry(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Install and say what was checked and where it landed."""
    refs = [PackageRef.parse(text) for text in options.packages]
    registry, wish = chosen_registry(options, refs), _wish(options, refs)
    settings, store = config.load(), open_store(options)
    targets = _targets(options.target or settings.targets, options.local)
    registry_id = registry.entry.registry_id if registry.entry else ""
    outcome = _nothing_to_do(wish, store, targets, registry_id)
    if outcome is None:
        outcome = _install(registry, wish, store, targets, options.copy or settings.copy, out)
    _show(outcome, store, registry.name, out)
    return 0


def _targets(names: Sequence[str], in_project: bool) -> tuple[Target, ...]:
    if not names:
        return ()
    from skillpkg.install.targets import find_target

    project = Path.cwd() if in_project else None
    return tuple(find_target(name, project) for name in dict.fromkeys(names))


def _install(
    registry: Registry,
    wish: Wish,
    store: Store,
    targets: tuple[Target, ...],
    copy: bool,
    out: Output,
) -> Outcome:
    from skillpkg.client.connect import Connection, with_registry
    from skillpkg.commands.progress import Progress
    from skillpkg.install.installer import Plan, install

    def work(connection: Connection) -> Outcome:
        with Progress(out, "Verifying") as progress:
            return install(connection, wish, progress.follow(Plan(store, targets, copy, now)))

    return with_registry(registry, out.warn, work)


def _wish(options: argparse.Namespace, refs: list[PackageRef]) -> Wish:
    if options.sha256 and (len(refs) != 1 or refs[0].version is None):
        raise UsageError(
            "--sha256 belongs to one exact version.",
            fix="Type: skillpkg install ns/name@1.2.0 --sha256 HEX",
        )
    digest = Sha256Digest(options.sha256) if options.sha256 else None
    return Wish(
        tuple(Requirement(r.package, r.version_or_tag) for r in refs), digest, options.force
    )


def _nothing_to_do(
    wish: Wish, store: Store, targets: tuple[Target, ...], registry_id: str
) -> Outcome | None:
    """Return the outcome when all is there and shown already, and nobody has to be asked."""
    found = granted(wish, store, registry_id)
    if found is None:
        return None
    from skillpkg.install.shown import differences, is_gone

    wanted = {(p.package, p.version.text, t.agent.id, t.folder) for p in found for t in targets}
    files = {(p.package, p.version.text): store.folder(p) for p in found}
    shown = [p for p in store.read().placements if _key(p) in wanted and not is_gone(p)]
    altered = any(differences(p, files[p.package, p.version]) for p in shown)
    if altered or {_key(p) for p in shown} != wanted:
        return None
    return Outcome(tuple(Done(p, None) for p in found), tuple(shown))


def _key(placement: Placement) -> tuple[str, str, str, Path]:
    return placement.package, placement.version, placement.target, placement.path.parent


def _show(outcome: Outcome, store: Store, registry: str, out: Output) -> None:
    for done in outcome.done:
        for warning in done.release.warnings if done.release else ():
            out.warn(warning)
    out.result(_document(outcome, registry))
    width = max(len(_title(done)) for done in outcome.done)
    for done in outcome.done:
        _show_one(done, width, out)
    fresh = [done for done in outcome.done if done.release]
    if fresh:
        out.say(f"checked: {', '.join(CHECKS)}", "dim")
    for done in outcome.done:
        if done.package.requested:
            out.say(f"  in {tilde(store.folder(done.package))}")
    for placement in outcome.placements:
        out.say(f"  {placement.target}: {tilde(placement.path)}")
    _show_next(outcome, store, out)


def _title(done: Done) -> str:
    return f"{done.package.package} {done.package.version}"


def _show_one(done: Done, width: int, out: Output) -> None:
    need = "" if done.package.requested else " (dependency)"
    title = _title(done).ljust(width)
    if done.release is None:
        out.line((f"= {title}", "bold"), (f"  already installed{need}", "dim"))
        return
    by, log = _signer(done), f"log #{done.release.log_index}"
    time = f"{done.release.time:%Y-%m-%d %H:%M} UTC"
    out.line((f"+ {title}", "bold green"), (f"  {by} · {log} · {time}{need}", ""))


def _signer(done: Done) -> str:
    assert done.release is not None
    namespace = done.release.signer.publisher_namespace
    return "signed by the registry" if namespace is None else f"signed by publisher {namespace}"


def _show_next(outcome: Outcome, store: Store, out: Output) -> None:
    first = next(done.package for done in outcome.done if done.package.requested)
    fresh = any(done.release for done in outcome.done)
    if not fresh or any(p.package == first.package for p in store.read().placements):
        out.say(f"next: skillpkg verify {first.package}")
        return
    from skillpkg.install.targets import agents_here

    here = agents_here()[:4]
    hint = f" (here: {', '.join(here)})" if here else ""
    out.say(f"next: skillpkg install {first.package} -t {here[0] if here else 'AGENT'}{hint}")


def _document(outcome: Outcome, registry: str) -> dict[str, object]:
    return {
        "registry": registry,
        "installed": [_done_document(done) for done in outcome.done],
        "placements": [placement.to_json() for placement in outcome.placements],
    }


def _done_document(done: Done) -> dict[str, object]:
    document: dict[str, object] = {**done.package.to_json(), "new": done.release is not None}
    if done.release is not None:
        document["checked"] = list(CHECKS)
        document["signed_by"] = done.release.signer.publisher_namespace or "registry"
        document["log"] = {"origin": done.release.log_origin, "index": done.release.log_index}
        document["time"] = done.release.time.isoformat()
        document["warnings"] = list(done.release.warnings)
    return document
