"""The ``skillpkg`` program: finds the command, imports that one alone, turns errors into words.

``--version`` and ``--help`` import next to nothing: a tool that is called in every shell prompt
and CI step must not cost more than the Python it runs on.
"""

from __future__ import annotations

import sys

from skillpkg.client.build import VERSION

TYPE_CHECKING = False  # importing typing would take as long as Python itself takes to start
if TYPE_CHECKING:
    from skillpkg.output import Output

COMMANDS = {
    "search": "find skills",
    "info": "show a skill: versions, signer, dependencies",
    "install": "install skills, every check on",
    "list": "list what is installed",
    "verify": "check installed files and their records again",
    "uninstall": "remove installed skills",
    "pack": "build a .skill archive from a folder",
    "sign": "sign a .skill archive with your own key",
    "publish": "upload a skill and wait for the verdict",
    "yank": "hide a version from new installs",
    "unyank": "show a yanked version again",
    "unpublish": "take a version away for good, while it is new",
    "deprecate": "tell people to stop using versions",
    "tag": "point dist-tags such as beta at versions",
    "transfer": "rename a skill or hand it to another namespace",
    "report": "tell administrators what is wrong with a version",
    "signup": "create an account",
    "login": "log in and keep a token",
    "logout": "revoke and forget the token",
    "whoami": "show who you are to the registry",
    "account": "change or reset your password, change your mail address",
    "token": "create, list, revoke and report API tokens",
    "namespace": "create namespaces, invite members, prove domains",
    "reader": "say who may read a skill of a private registry",
    "cert": "get certificates for your own signing key",
    "registry": "add, list, remove and trust registries",
    "config": "show and change settings",
    "cache": "show and empty the cache",
}
_WIDTH = 11


def main(argv: list[str] | None = None) -> int:
    """Run one command line and return the exit code (0 to 6, see PROTOCOL.md; 130 for Ctrl-C)."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments in (["--version"], ["-V"]):
        sys.stdout.write(f"skillpkg {VERSION}\n")
        return 0
    if arguments[:1] == ["help"] and arguments[1:]:
        return _run([arguments[1], "--help"])
    if not arguments or arguments[0] in ("--help", "-h", "help"):
        sys.stdout.write(_help())
        return 0
    return _run(arguments)


def _help() -> str:
    lines = "\n".join(f"  {name:<{_WIDTH}}{text}" for name, text in COMMANDS.items())
    return (
        "skillpkg: install, verify and publish agent skills\n\n"
        "usage: skillpkg COMMAND [OPTIONS]\n\n"
        f"{lines}\n\n"
        "On every command: --json, --quiet, --help.  Also: skillpkg --version\n"
        "Begin with: skillpkg registry add NAME URL --root-fingerprint sha256:…\n"
    )


def _run(arguments: list[str]) -> int:
    from skillpkg.errors import SkillpkgError
    from skillpkg.output import Output

    out = Output(as_json="--json" in arguments, quiet="--quiet" in arguments)
    try:
        return _dispatch(arguments, out)
    except SkillpkgError as error:
        out.fail(error)
        return error.exit_code
    except KeyboardInterrupt:
        out.note("Stopped; nothing is left half done.")
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:
        out.fail(
            SkillpkgError(
                "The system refused what skillpkg needs.",
                why=str(error),
                fix="Check rights and free space, then type the command again.",
            )
        )
        return 1


def _dispatch(arguments: list[str], out: Output) -> int:
    import importlib

    from skillpkg.commands.parser import new_parser

    leading = [word for word in arguments if not word.startswith("-")]
    name = leading[0] if leading else ""
    if name not in COMMANDS:
        raise _unknown(name or arguments[0])
    position = arguments.index(name)
    module = importlib.import_module(f"skillpkg.commands.{name}")
    parser = new_parser(prog=f"skillpkg {name}", description=module.__doc__)
    module.add_arguments(parser)
    options = parser.parse_args(arguments[:position] + arguments[position + 1 :])
    code: int = module.run(options, out)
    return code


def _unknown(word: str) -> Exception:
    from difflib import get_close_matches

    from skillpkg.errors import UsageError

    near = get_close_matches(word, COMMANDS, n=1)
    return UsageError(
        f"There is no command {word[:80]!a}.",
        fix=f"Did you mean: skillpkg {near[0]}" if near else "See: skillpkg --help",
    )


if __name__ == "__main__":
    sys.exit(main())
