"""Which paths a package may hold: the same file on Linux, macOS and Windows, or a refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from skillpkg.archive.rules import Rule
from skillpkg.errors import ArchiveInvalid

ADAPTER = re.compile(r"\.skill/[a-z0-9][a-z0-9-]{0,63}\.json")
# What nearly every path looks like; anything else takes the slow way through every rule.
_PLAIN = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*(?<!\.)/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*(?<!\.)")
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\..*)?",
    re.IGNORECASE | re.DOTALL,
)
_SHORT_NAME = re.compile(r"[^.]{1,7}~[0-9]{1,6}(?:\..{0,3})?", re.DOTALL)
# Not Cn: what is unassigned differs between Pythons, and both sides must answer alike.
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Zl", "Zp", "Zs"})
_NAME_FIELD = 100
_PREFIX_FIELD = 155


def check_path(path: str, *, depth: int = 16) -> None:
    """Hold one member's path to every rule.

    Args:
        path: relative, with ``/`` between components.
        depth: the most components it may have.

    Raises:
        ArchiveInvalid: the rule's id and the path.
    """
    if not _PLAIN.fullmatch(path):
        _check_characters(path)
    for component in path.split("/"):
        _check_component(component, path)
    if path.count("/") >= depth:
        raise _refused(
            Rule.PATH_DEPTH, path, f"it is deeper than {depth} folders", "Flatten the folder."
        )
    split_path(path)


def _check_characters(path: str) -> None:
    for rule, broken, why, fix in _CHARACTER_RULES:
        if broken(path):
            raise _refused(rule, path, why, fix)
    if "." in (path[0], *(part[:1] for part in path.split("/"))) and not ADAPTER.fullmatch(path):
        _refuse_hidden(path)


def _refuse_hidden(path: str) -> None:
    for component in path.split("/"):
        if component == "..":
            raise _refused(Rule.PATH_TRAVERSAL, path, "it leads out of the package with '..'", "")
        if component == ".":
            raise _refused(Rule.PATH_DOT, path, "it holds a '.' component", "")
    raise _refused(
        Rule.PATH_HIDDEN,
        path,
        "hidden files stay out; .skill/<framework>.json is the one exception",
        "Rename the file without its leading dot.",
    )


def _check_component(component: str, path: str) -> None:
    if component[-1] in ". " or component[0] == " ":
        raise _refused(
            Rule.PATH_EDGE, path, "a name begins with a space or ends with a dot or a space", ""
        )
    if _DEVICE.fullmatch(component):
        raise _refused(Rule.PATH_DEVICE, path, f"{component!r} is a device on Windows", "")
    if "~" in component and _SHORT_NAME.fullmatch(component):
        raise _refused(
            Rule.PATH_SHORT_NAME, path, f"{component!r} is a short file name on Windows", ""
        )


def _has_control(path: str) -> bool:
    if path.isascii():
        return not path.isprintable()
    import unicodedata

    return any(
        (unicodedata.category(c) in _INVISIBLE and c != " ") or ord(c) & 0xFFFE == 0xFFFE
        for c in path
    )


def _not_encodable(path: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in path)


def _not_nfc(path: str) -> bool:
    import unicodedata

    return not unicodedata.is_normalized("NFC", path)


def _empty_component(path: str) -> bool:
    return "//" in path or path.endswith("/")


_CHARACTER_RULES: tuple[tuple[Rule, Callable[[str], bool], str, str], ...] = (
    (Rule.PATH_EMPTY, lambda p: not p, "it is empty", ""),
    (Rule.PATH_ENCODING, _not_encodable, "it is not UTF-8", "Rename it in UTF-8."),
    (Rule.PATH_CONTROL, _has_control, "it holds a control or invisible character", "Rename it."),
    (Rule.PATH_ABSOLUTE, lambda p: p[0] == "/", "it is absolute", ""),
    (Rule.PATH_BACKSLASH, lambda p: "\\" in p, "a backslash separates folders on Windows", ""),
    (Rule.PATH_COLON, lambda p: ":" in p, "a colon names a drive or stream on Windows", ""),
    (Rule.PATH_CHARACTER, lambda p: not set('<>"|?*').isdisjoint(p), 'it holds one of <>"|?*', ""),
    (Rule.PATH_DOT, _empty_component, "it holds an empty component", ""),
    (Rule.PATH_NOT_NFC, _not_nfc, "it is not in Unicode form NFC", "Rename it in NFC."),
)


def split_path(path: str) -> tuple[bytes, bytes]:
    """Return ustar's ``(prefix, name)`` for a path: the shortest prefix that makes it fit.

    Raises:
        ArchiveInvalid: rule ``path-too-long``; no cut at a ``/`` fits 155 and 100 bytes.
    """
    encoded = path.encode("utf-8")
    if len(encoded) <= _NAME_FIELD:
        return b"", encoded
    cut = encoded.find(b"/", len(encoded) - _NAME_FIELD - 1)
    if not 0 < cut <= _PREFIX_FIELD:
        raise _refused(
            Rule.PATH_TOO_LONG,
            path,
            f"its {len(encoded)} bytes do not fit ustar (100 after the last cut, 155 before)",
            "Shorten the names.",
        )
    return encoded[:cut], encoded[cut + 1 :]


def fold(path: str) -> str:
    """Return the form in which paths are equal that some file system would store as one."""
    if path.isascii():
        return path.lower()
    import unicodedata

    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", path).casefold())


def check_twins(paths: Iterable[str]) -> None:
    """Refuse paths that would meet on a file system that folds case or Unicode forms.

    Raises:
        ArchiveInvalid: rule ``duplicate-path``, ``path-twin`` or ``path-file-and-folder``.
    """
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        _enter_folders(path, folders)
        other = files.setdefault(fold(path), path)
        if other is not path:
            rule = Rule.DUPLICATE_PATH if other == path else Rule.PATH_TWIN
            raise _refused(rule, path, f"it is the same file as {other!a}", "Keep one of them.")
    for folded in files.keys() & folders.keys():
        raise _refused(
            Rule.PATH_FILE_AND_FOLDER, files[folded], "it is both a file and a folder", ""
        )


def _enter_folders(path: str, folders: dict[str, str]) -> None:
    end = path.rfind("/")
    while end > 0:
        folder = path[:end]
        other = folders.setdefault(fold(folder), folder)
        if other != folder:
            raise _refused(
                Rule.PATH_TWIN, path, f"its folder is the same as {other!a}", "Rename one."
            )
        end = path.rfind("/", 0, end)


def _refused(rule: Rule, path: str, why: str, fix: str) -> ArchiveInvalid:
    shown = path.encode("unicode_escape").decode("ascii")[:200]
    return ArchiveInvalid(
        rule,
        f"{shown or '(empty)'}: this path cannot stand in a package.",
        path=path,
        why=f"{why[:1].upper()}{why[1:]}.",
        fix=fix or "Rename or remove the file.",
    )
