"""The argument parser that every command builds on."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import NoReturn

from skillpkg.errors import UsageError


def new_parser(**settings: str | bool | None) -> argparse.ArgumentParser:
    """Return a parser with the options that every command has."""
    parser = _strict(**settings)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quiet", "-q", action="store_true", help="print errors and warnings only")
    return parser


def add_verbs(
    parser: argparse.ArgumentParser, verbs: Mapping[str, str]
) -> dict[str, argparse.ArgumentParser]:
    """Add second words (``registry add``); return their parsers, common options included."""
    doors: argparse._SubParsersAction[argparse.ArgumentParser] = parser.add_subparsers(
        dest="verb",
        required=True,
        metavar="VERB",
        parser_class=new_parser,  # type: ignore[call-overload]  # any callable makes parsers
    )
    return {
        name: doors.add_parser(name, help=text, description=text) for name, text in verbs.items()
    }


def add_registry(parser: argparse.ArgumentParser) -> None:
    """Add ``--registry``."""
    parser.add_argument("--registry", metavar="NAME|URL", help="instead of the default registry")


def _strict(**settings: str | bool | None) -> argparse.ArgumentParser:
    width = _columns() - 2
    parser = argparse.ArgumentParser(
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=width),
        allow_abbrev=False,
        **settings,  # type: ignore[arg-type]
    )

    def refuse(message: str) -> NoReturn:
        raise UsageError(message[:1].upper() + message[1:] + ".", fix=f"See: {parser.prog} --help")

    parser.error = refuse  # type: ignore[method-assign]
    return parser


def _columns() -> int:
    """Return the terminal's width. argparse would import shutil for it, and with it compressors."""
    told = os.environ.get("COLUMNS", "")
    if told.isdigit() and int(told) > 0:
        return int(told)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80
