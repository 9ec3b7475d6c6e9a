"""Packing: deterministic everywhere, and a fault names file, rule and mend."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.unit.formats.skills import DESCRIPTION, SKILL_MD, write_skill

import skillpkg
from skillpkg.archive.extract import extract
from skillpkg.archive.pack import pack_folder
from skillpkg.archive.reader import read_archive
from skillpkg.errors import ArchiveInvalid, ManifestInvalid, NameInvalid, SkillpkgError, UsageError

PACK = (
    "import sys, pathlib; from skillpkg.archive.pack import pack_folder;"
    "print(pack_folder(pathlib.Path(sys.argv[1]), namespace='acme').content_digest)"
)
YAML = """\
version: 2.1.0
category: writing
license: MIT
tags: [greeting, polite]
dependencies:
  base: ^1.2
  other/tool: "*"
requires:
  env: [LANG]
  bins: [sh]
  hosts: [api.example.com]
"""


def paths(folder: Path) -> list[str]:
    packed = pack_folder(folder, namespace="acme", version="1.0.0")
    return [member.path for member in read_archive(packed.archive).members]


def test_the_manifest_is_written_from_frontmatter_skill_yaml_and_flags(tmp_path: Path) -> None:
    skill = SKILL_MD.replace("---\n#", "allowed-tools: Read Bash(git:*)\n---\n#")
    packed = pack_folder(
        write_skill(tmp_path, {"SKILL.md": skill, "skill.yaml": YAML}), namespace="acme"
    )
    manifest = packed.manifest
    assert (manifest.package, str(manifest.version)) == ("acme/greeter", "2.1.0")
    assert (manifest.description, manifest.category, manifest.license) == (
        DESCRIPTION,
        "writing",
        "MIT",
    )
    assert manifest.tags == ("greeting", "polite")
    assert manifest.dependencies == {"acme/base": "^1.2", "other/tool": "*"}
    assert manifest.requires.hosts == ("api.example.com",)
    assert manifest.requires.tools == ("Read", "Bash(git:*)")
    assert [entry.path for entry in manifest.files] == ["SKILL.md", "skill.yaml"]
    found = read_archive(packed.archive)
    assert (found.manifest, found.sha256) == (manifest, packed.sha256)
    assert found.content_digest == packed.content_digest


def test_flags_count_before_skill_yaml(tmp_path: Path) -> None:
    folder = write_skill(tmp_path, {"skill.yaml": "version: 1.0.0\nnamespace: other\n"})
    assert pack_folder(folder).manifest.package == "other/greeter"
    packed = pack_folder(folder, namespace="acme", name="greeter", version="3.0.0")
    assert (packed.manifest.package, str(packed.manifest.version)) == ("acme/greeter", "3.0.0")


@pytest.mark.parametrize("line", ["version: 4.0.0", 'metadata:\n  version: "4.0.0"'])
def test_a_version_in_the_frontmatter_is_found(tmp_path: Path, line: str) -> None:
    skill = SKILL_MD.replace("---\n#", f"{line}\ntags: Data Science, Git, '!'\n---\n#")
    folder = write_skill(tmp_path, {"SKILL.md": skill, "skill.yaml": "category: data\n"})
    manifest = pack_folder(folder, namespace="acme").manifest
    assert (str(manifest.version), manifest.tags) == ("4.0.0", ("data-science", "git"))


def test_free_tags_of_a_frontmatter_are_brought_into_form(tmp_path: Path) -> None:
    for line, tags in (("tags: [Git Tools, 5]", ("git-tools", "5")), ("tags: {a: b}", ())):
        skill = SKILL_MD.replace("---\n#", f"{line}\n---\n#")
        folder = write_skill(tmp_path, {"SKILL.md": skill})
        assert pack_folder(folder, namespace="acme").manifest.tags == tags


def test_the_same_folder_gives_the_same_bytes_whatever_the_machine(tmp_path: Path) -> None:
    files = {"scripts/run.sh": "#!/bin/sh\n", "docs/a.md": "a", "\u00e9.md": "e"}
    one = write_skill(tmp_path / "one", files)
    before = os.umask(0o077)
    try:
        other = write_skill(tmp_path / "other", dict(reversed(files.items())))
    finally:
        os.umask(before)
    for path in other.rglob("*"):
        os.utime(path, (1, 2**31 + 5))
    (other / "docs/a.md").chmod(0o777)
    (other / "scripts/run.sh").chmod(0o600)
    first, second = (pack_folder(folder, namespace="acme") for folder in (one, other))
    assert first.archive == second.archive
    modes = {m.path: m.mode for m in read_archive(first.archive).members}
    assert (modes["scripts/run.sh"], modes["docs/a.md"]) == (0o755, 0o644)


def test_decomposed_names_are_packed_composed(tmp_path: Path) -> None:
    folder = write_skill(tmp_path, {"re\u0301.md": "x"})
    assert "r\u00e9.md" in paths(folder)
    (folder / "r\u00e9.md").write_text("y")
    with pytest.raises(ArchiveInvalid) as refused:
        paths(folder)
    assert refused.value.rule == "path-twin"


@pytest.mark.parametrize("wanted", ["3.11", "3.12", "3.13"])
def test_another_python_packs_the_same_content(tmp_path: Path, wanted: str) -> None:
    python = interpreter(wanted)
    if python is None:
        pytest.skip(f"python{wanted} is not on this machine")
    folder = write_skill(
        tmp_path, {"docs/a.md": "text " * 999, "run.py": "#!/usr/bin/env python3\n"}
    )
    here = pack_folder(folder, namespace="acme").content_digest
    assert (
        subprocess.check_output(
            [python, "-c", PACK, str(folder)], env=borrowed(), text=True
        ).strip()
        == here
    )


def borrowed() -> dict[str, str]:
    """An environment in which another Python finds skillpkg and its pure-Python dependencies."""
    import rfc8785
    import yaml

    roots = {str(Path(m.__file__).parents[1]) for m in (skillpkg, yaml, rfc8785)}
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sorted(roots)),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def interpreter(wanted: str) -> str | None:
    """A working interpreter of that version: from PATH, or from a version manager's folder."""
    known = sorted((Path.home() / ".pyenv" / "versions").glob(f"{wanted}.*/bin/python"))
    for candidate in (shutil.which(f"python{wanted}"), *map(str, known)):
        if candidate is None:
            continue
        asked = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == wanted:
            return candidate
    return None


def test_hidden_and_ignored_files_stay_out_and_adapters_come_in(tmp_path: Path) -> None:
    folder = write_skill(
        tmp_path,
        {
            ".env": "SECRET", ".git/config": "x", ".skill/openai.json": "{}",
            ".skill/notes.txt": "x", ".skill/deep/a.json": "{}", "docs/.hidden.md": "x",
            "__pycache__/a.pyc": "x", "a.pyc": "x",
            ".skillignore": "*.tmp\n!keep.tmp\n/build/\n", "a.tmp": "x", "keep.tmp": "x",
            "build/x": "x", "docs/build/x": "x", "manifest.json": "{}",
        },
    )  # fmt: skip
    assert paths(folder) == [
        ".skill/openai.json", "SKILL.md", "docs/build/x", "keep.tmp", "manifest.json", "skill.yaml",
    ]  # fmt: skip
    reports = pack_folder(folder, namespace="acme").reports
    for left_out in (
        ".env",
        ".git",
        ".skill/notes.txt",
        ".skill/deep",
        "docs/.hidden.md",
        "a.tmp",
        "build",
    ):
        assert f"left out: {left_out}" in reports
    assert any(line.startswith("manifest.json: written anew") for line in reports)


def test_a_folder_of_another_name_is_reported(tmp_path: Path) -> None:
    folder = write_skill(tmp_path).rename(tmp_path / "other")
    assert any("'other'" in line for line in pack_folder(folder, namespace="acme").reports)


@pytest.mark.parametrize(
    ("target", "inside"), [("/etc/passwd", ""), ("SKILL.md", ""), ("..", "docs/"), ("gone", "")]
)
def test_a_link_in_the_folder_is_an_error(tmp_path: Path, target: str, inside: str) -> None:
    folder = write_skill(tmp_path, {"docs/a.md": "x"})
    (folder / inside / "link.md").symlink_to(target)
    with pytest.raises(ArchiveInvalid) as refused:
        paths(folder)
    assert (refused.value.rule, refused.value.path) == ("folder-link", f"{inside}link.md")


def test_a_special_file_is_an_error(tmp_path: Path) -> None:
    folder = write_skill(tmp_path)
    os.mkfifo(folder / "pipe")
    with pytest.raises(ArchiveInvalid) as refused:
        paths(folder)
    assert (refused.value.rule, refused.value.path) == ("folder-special", "pipe")


def test_a_linked_or_unreadable_skillignore_is_an_error(tmp_path: Path) -> None:
    folder = write_skill(tmp_path, {".skillignore": b"\xff\xfe"})
    with pytest.raises(ArchiveInvalid) as refused:
        paths(folder)
    assert refused.value.rule == "folder-unreadable"
    (folder / ".skillignore").unlink()
    (folder / ".skillignore").symlink_to("/dev/null")
    with pytest.raises(ArchiveInvalid) as refused:
        paths(folder)
    assert refused.value.rule == "folder-link"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_files_that_may_not_be_read_are_named(tmp_path: Path) -> None:
    folder = write_skill(tmp_path, {"secret.md": "x", "shut/a.md": "x"})
    for parent in (folder, *tmp_path.parents, tmp_path):
        if Path(tempfile.gettempdir()) in parent.parents:
            parent.chmod(0o755)
    before = os.geteuid()
    for path, rest in (("secret.md", "shut"), ("shut", "")):
        (folder / path).chmod(0)
        os.seteuid(65534)
        try:
            with pytest.raises(ArchiveInvalid) as refused:
                paths(folder)
        finally:
            os.seteuid(before)
        assert refused.value.rule == "folder-unreadable"
        (folder / path).chmod(0o755)
        assert path in refused.value.path or rest


@pytest.mark.parametrize(
    ("files", "rule", "path"),
    [
        ({"skill.md": SKILL_MD}, "skill-spelling", "skill.md"),
        ({"CON.md": "x"}, "path-device", "CON.md"),
        ({"a:b": "x"}, "path-colon", "a:b"),
        ({"README.md": "x", "readme.md": "x"}, "path-twin", "readme.md"),
        ({"MANIFEST.json": "x"}, "path-twin", "manifest.json"),
        ({"f" * 101: "x"}, "path-too-long", "f" * 101),
        ({"/".join(["d"] * 17): "x"}, "path-depth", "/".join(["d"] * 17)),
        ({"SKILL.md": "# none"}, "frontmatter-missing", "SKILL.md"),
        ({"skill.yaml": "a: b: c"}, "yaml-colon", "skill.yaml"),
        ({"big": bytes(50 * 1024 * 1024)}, "unpacked-too-large", "big"),
    ],
)  # fmt: skip
def test_a_folder_that_breaks_a_rule_is_refused(
    tmp_path: Path, files: dict[str, str | bytes], rule: str, path: str
) -> None:
    folder = write_skill(tmp_path, files)
    if "skill.md" in files:
        (folder / "SKILL.md").unlink()
    with pytest.raises(ArchiveInvalid) as refused:
        paths(folder)
    assert (refused.value.rule, refused.value.fix != "") == (rule, True)
    assert refused.value.path == path


def test_a_folder_that_compresses_to_too_much_is_refused(tmp_path: Path) -> None:
    folder = write_skill(tmp_path, {"big.bin": os.urandom(10 * 1024 * 1024)})
    with pytest.raises(ArchiveInvalid) as refused:
        paths(folder)
    assert refused.value.rule == "archive-too-large"


def test_nine_hundred_and_ninety_nine_files_and_a_manifest_are_the_most(tmp_path: Path) -> None:
    folder = write_skill(tmp_path, {f"n/{n}": "x" for n in range(997)})
    assert len(paths(folder)) == 1000
    for name in ("one-more.md", "another.md"):
        (folder / name).write_text("x")
        with pytest.raises(ArchiveInvalid) as refused:
            paths(folder)
        assert refused.value.rule == "too-many-files"


def test_a_folder_without_skill_or_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder, rule in (("empty", "skill-missing"), ("gone", "folder-unreadable")):
        with pytest.raises(ArchiveInvalid) as refused:
            pack_folder(tmp_path / folder, namespace="acme")
        assert refused.value.rule == rule


def test_a_folder_that_is_no_skill_is_told_so_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "big.bin").write_bytes(bytes(51 * 1024 * 1024))
    with pytest.raises(ArchiveInvalid) as refused:
        pack_folder(tmp_path, namespace="acme")
    assert refused.value.rule == "skill-missing"


def test_policy_strict_is_held_at_packing(tmp_path: Path) -> None:
    folder = write_skill(tmp_path, {"run.sh": "#!/bin/sh\n"})
    with pytest.raises(ArchiveInvalid) as refused:
        pack_folder(folder, namespace="acme", policy="strict")
    assert (refused.value.rule, refused.value.path) == ("file-type", "run.sh")
    (folder / "run.sh").unlink()
    packed = pack_folder(folder, namespace="acme", policy="strict")
    assert [one.path for one in packed.manifest.files] == ["SKILL.md"]
    assert packed.reports == ["left out: skill.yaml"]
    assert packed.manifest.version == pack_folder(folder, namespace="acme").manifest.version


@pytest.mark.parametrize(
    ("yaml", "error", "part"),
    [
        ("", ManifestInvalid, "no version"),
        ("version: 1.0", ManifestInvalid, "1.0.0"),
        ("version: true", ManifestInvalid, "must be text"),
        ("version: 1.0.0\ncategory: Data Science", ManifestInvalid, "data-science"),
        ("version: 1.0.0\ntags: a", ManifestInvalid, "must be a list"),
        ("version: 1.0.0\ndependencies: [a]", ManifestInvalid, "dependencies"),
        ("version: 1.0.0\nrequires: [a]", ManifestInvalid, "requires"),
        ("version: 1.0.0\nname: other", ArchiveInvalid, "name: other"),
        ("version: 1.0.0\nname: a--b", NameInvalid, "--"),
        ("version: 1.0.0\nlicense: 5", ManifestInvalid, "quotes"),
    ],
)
def test_a_wrong_skill_yaml_is_mended(
    tmp_path: Path, yaml: str, error: type[SkillpkgError], part: str
) -> None:
    with pytest.raises(error, match=part):
        pack_folder(write_skill(tmp_path, {"skill.yaml": yaml}), namespace="acme")


def test_a_package_needs_a_namespace(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match="--namespace"):
        pack_folder(write_skill(tmp_path))


def test_an_unreadable_pattern_is_named(tmp_path: Path) -> None:
    for text in ("[z-a]\n", "x\n" * 1001):
        with pytest.raises(UsageError, match="skillignore"):
            paths(write_skill(tmp_path, {".skillignore": text}))


def test_packing_what_was_extracted_gives_the_same_content(tmp_path: Path) -> None:
    packed = pack_folder(write_skill(tmp_path, {"docs/a.md": "a"}), namespace="acme")
    extract(read_archive(packed.archive), tmp_path / "greeter2")
    assert (
        pack_folder(tmp_path / "greeter2", namespace="acme").content_digest == packed.content_digest
    )


def test_unknown_keys_of_skill_yaml_are_reported(tmp_path: Path) -> None:
    folder = write_skill(tmp_path, {"skill.yaml": "version: 1.0.0\ncolour: red\n"})
    assert any("colour" in line for line in pack_folder(folder, namespace="acme").reports)


def test_a_running_interpreter_is_found() -> None:
    assert interpreter("{}.{}".format(*sys.version_info[:2])) is not None
