"""Show and empty the cache; what is installed and what is remembered of registries stays."""

from __future__ import annotations

import argparse
import shutil

from skillpkg.commands.parser import add_verbs
from skillpkg.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    add_verbs(parser, {"dir": "print where the cache is", "clean": "remove what is cached"})


def run(options: argparse.Namespace, out: Output) -> int:
    """Print the cache's place, or empty it."""
    from skillpkg.client.files import home

    folder = home() / "cache"
    if options.verb == "dir":
        out.result({"path": str(folder)})
        out.say(str(folder))
        return 0
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    size = sum(path.stat().st_size for path in files)
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    out.result({"path": str(folder), "files": len(files), "bytes": size})
    out.say(f"Removed {len(files)} files, {size:,} bytes.")
    return 0
