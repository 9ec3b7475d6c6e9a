"""``skreg``: one command a role; a command's imports happen when it runs."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from skreg.admin.parser import add_admin
from skreg.ceremonies.parser import add_pki
from skreg.errors import SkregError

DEFAULT_PORT = 8470


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 1 failed, 2 usage."""
    parsed = _parser().parse_args(arguments)
    if getattr(parsed, "parent_pipe", None) is not None:
        _end_with_parent(parsed.parent_pipe)
    try:
        return int(parsed.run(parsed))
    except SkregError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="skreg", description="A registry for agent skills.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="a whole registry on this machine, until Ctrl-C")
    up.add_argument("--data-dir", type=Path, help="where everything is kept")
    up.add_argument("--host", default="127.0.0.1", help="address to listen on")
    up.add_argument("--port", type=_port, default=DEFAULT_PORT, help="0 takes a free port")
    up.add_argument(
        "--policy",
        choices=("standard", "strict"),
        help="strict takes .md and .json files only, 5 MiB together",
    )
    up.add_argument("--json", action="store_true", help="the ready line as JSON")
    up.add_argument("--verbose", action="store_true", help="show every request and step")
    up.set_defaults(run=_up)
    for name, run, told in (
        ("api", _api, "the API process; settings from the environment"),
        ("worker", _worker, "the worker process; settings from the environment"),
        ("migrate", _migrate, "bring the database's schema to this version"),
    ):
        command = commands.add_parser(name, help=told)
        command.add_argument("--parent-pipe", type=int, help=argparse.SUPPRESS)
        command.set_defaults(run=run)
    add_pki(commands)
    add_admin(commands)
    return parser


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 to 65535")
    return int(text)


def _up(parsed: argparse.Namespace) -> int:
    from skreg.up import UpOptions, up

    options = UpOptions(
        data=parsed.data_dir,
        host=parsed.host,
        port=parsed.port,
        policy=parsed.policy,
        as_json=parsed.json,
        verbose=parsed.verbose,
    )
    return up(options)


def _api(_parsed: argparse.Namespace) -> int:
    from skreg.api.server import serve
    from skreg.logs import configure
    from skreg.settings import load_api_settings

    settings = load_api_settings()
    configure(settings.log_level, settings.log_format)
    serve(settings)
    return 0


def _worker(_parsed: argparse.Namespace) -> int:
    import asyncio

    from skreg.bootstrap import open_access, open_worker
    from skreg.db.migrate import migrate_when_there
    from skreg.logs import configure
    from skreg.settings import load_worker_settings
    from skreg.worker import serve

    settings = load_worker_settings()
    configure(settings.log_level, settings.log_format)
    migrate_when_there(open_access(settings))
    asyncio.run(serve(open_worker(settings)))
    return 0


def _migrate(_parsed: argparse.Namespace) -> int:
    from skreg.bootstrap import open_access
    from skreg.db.migrate import migrate
    from skreg.settings import load_settings

    revision = migrate(open_access(load_settings()))
    print(f"The schema is at revision {revision}.")  # noqa: T201
    return 0


def _end_with_parent(pipe: int) -> None:
    """End this process in order when the one that started it is gone, however it ended."""

    def watch() -> None:
        os.read(pipe, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
