"""Tar and gzip layers and the reader: one form, and nothing else is read."""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.attacks.archives import shapes
from tests.unit.formats.skills import write_skill

from skillpkg.archive import gzip_layer, tar
from skillpkg.archive.limits import DEFAULT, Limits
from skillpkg.archive.pack import pack_folder
from skillpkg.archive.paths import check_path, check_twins, split_path
from skillpkg.archive.reader import read_archive
from skillpkg.archive.tar import Member, mode_of
from skillpkg.errors import ArchiveInvalid

COMPONENT = st.from_regex(r"[a-z0-9_-][a-z0-9._-]{0,60}[a-z0-9_]", fullmatch=True)
PATHS = st.lists(COMPONENT, min_size=1, max_size=4).map("/".join)
DATA = st.one_of(st.binary(max_size=1500), st.just(b"#!/bin/sh\n"))


def fits(path: str) -> bool:
    try:
        check_path(path)
    except ArchiveInvalid:
        return False
    return True


def members_of(files: dict[str, bytes]) -> tuple[Member, ...]:
    return tuple(Member(path, mode_of(files[path]), files[path]) for path in sorted(files))


@given(st.dictionaries(PATHS.filter(fits), DATA, max_size=6))
def test_a_tar_survives_being_written_and_others_read_it(files: dict[str, bytes]) -> None:
    members = members_of(files)
    data = tar.encode(members)
    assert tar.decode(data, DEFAULT) == members
    with tarfile.open(fileobj=io.BytesIO(data)) as outside:
        found = [(m.name, m.mode, outside.extractfile(m).read()) for m in outside]  # type: ignore[union-attr]
    assert found == [(m.path, m.mode, m.data) for m in members]


@given(st.binary(max_size=5000))
def test_a_gzip_layer_survives_and_others_read_it(content: bytes) -> None:
    data = gzip_layer.deflate(content)
    assert gzip_layer.inflate(data, DEFAULT) == content == gzip.decompress(data)


@given(st.binary(max_size=3000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (
        lambda: read_archive(data),
        lambda: tar.decode(data, DEFAULT),
        lambda: gzip_layer.inflate(gzip_layer.deflate(b"")[:10] + data, DEFAULT),
    ):
        with pytest.raises(ArchiveInvalid):
            read()


@settings(max_examples=300)
@given(st.data())
def test_a_changed_byte_never_gives_other_files(data: st.DataObject) -> None:
    """Deflate spells some bits freely, so equal files under another sha256 are the one way out."""
    good = shapes.valid()
    raw = bytearray(good)
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = read_archive(bytes(raw))
    except ArchiveInvalid:
        return
    wanted = read_archive(good)
    assert (found.members, found.content_digest) == (wanted.members, wanted.content_digest)
    assert found.sha256 != wanted.sha256


def test_every_changed_byte_outside_the_manifests_text_is_refused() -> None:
    """Nothing inside an archive can hash the manifest itself: its sha256 and signature do."""
    good = gzip_layer.inflate(shapes.valid(), DEFAULT)
    start = good.index(shapes.manifest(shapes.FILES))
    text = range(start, start + len(shapes.manifest(shapes.FILES)))
    for place in sorted(set(range(len(good))) - set(text)):
        raw = bytearray(good)
        raw[place] ^= 1 << place % 8
        with pytest.raises(ArchiveInvalid):
            read_archive(gzip_layer.deflate(bytes(raw)))


@pytest.mark.parametrize("flags", [0, 2, 4])
@pytest.mark.parametrize("system", [*range(14), 255])
def test_other_compressors_headers_are_accepted(flags: int, system: int) -> None:
    header = b"\x1f\x8b\x08\0\0\0\0\0" + bytes([flags, system])
    content = gzip_layer.inflate(shapes.valid(), DEFAULT)
    assert read_archive(shapes.gzip(content, header)).manifest.package == "acme/demo"


def test_an_archive_that_zlib_ng_compressed_is_read(tmp_path: Path) -> None:
    zlib_ng = pytest.importorskip("zlib_ng.zlib_ng")
    packed = pack_folder(write_skill(tmp_path, {"docs/a.md": "text " * 5000}), namespace="acme")
    content = gzip_layer.inflate(packed.archive, DEFAULT)
    deflater = zlib_ng.compressobj(9, zlib_ng.DEFLATED, -15)
    body = deflater.compress(content) + deflater.flush()
    other = packed.archive[:10] + body + packed.archive[-8:]
    found = read_archive(other)
    assert found.content_digest == packed.content_digest
    assert found.sha256 == hashlib.sha256(other).hexdigest() != packed.sha256


def test_limits_count_files_and_bytes() -> None:
    for limits, rule in (
        (Limits(compressed=10), "archive-too-large"),
        (Limits(files=2), "too-many-files"),
        (Limits(unpacked=100), "unpacked-too-large"),
        (Limits(unpacked=0, files=1), "unpacked-too-large"),
        (Limits(depth=1), "path-depth"),
    ):
        with pytest.raises(ArchiveInvalid) as refused:
            read_archive(shapes.valid(), limits=limits)
        assert refused.value.rule == rule
    assert read_archive(shapes.valid(), limits=Limits(files=3, depth=2)).file("SKILL.md")


def test_digests_are_those_of_archive_and_tar() -> None:
    data = shapes.valid()
    found = read_archive(data)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert found.content_digest == hashlib.sha256(gzip.decompress(data)).hexdigest()
    assert found.reports == ()
    with pytest.raises(ArchiveInvalid):
        found.file("gone.md")


@pytest.mark.parametrize(
    ("changed", "rule"),
    [({"name": "other"}, "name-mismatch"), ({"description": "y" * 30}, "description-mismatch")],
)
def test_a_manifest_that_says_other_than_skill_md_is_refused(
    changed: dict[str, str], rule: str
) -> None:
    found = read_archive(shapes.with_manifest(shapes.manifest(shapes.FILES, **changed)))
    with pytest.raises(ArchiveInvalid) as refused:
        _ = found.skill
    assert refused.value.rule == rule


def test_reading_an_archive_imports_no_yaml() -> None:
    code = (
        "import sys; from pathlib import Path; from skillpkg.archive.reader import read_archive;"
        "read_archive(sys.stdin.buffer.read()); sys.exit('yaml' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=shapes.valid(), check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(
    "path",
    [
        "SKILL.md", "a b.md", "a/b/c.txt", "résumé.md", "日本.md", "😀.md", ".skill/openai.json",
        "a..b", "x~1y", "console.md", "com10", "a-(1)+[2]@.md", "straße.md",
        "/".join(["d"] * 16), "d" * 154 + "/" + "f" * 100, "notes~", "a~b~1.markdown",
    ],
)  # fmt: skip
def test_useful_paths_are_accepted(path: str) -> None:
    check_path(path)


def test_a_path_that_ustar_cannot_hold_is_refused_by_name() -> None:
    for path in ("f" * 101, "d" * 156 + "/f", "/".join(["d" * 90] * 3)):
        with pytest.raises(ArchiveInvalid) as refused:
            check_path(path)
        assert (refused.value.rule, refused.value.path) == ("path-too-long", path)


def test_a_surrogate_and_an_empty_path_are_refused() -> None:
    for path, rule in (("a\udcff", "path-encoding"), ("", "path-empty"), ("a/", "path-dot")):
        with pytest.raises(ArchiveInvalid) as refused:
            check_path(path)
        assert refused.value.rule == rule


@given(st.text(max_size=40))
def test_any_path_is_accepted_or_refused_and_accepted_ones_stay_inside(path: str) -> None:
    if not fits(path):
        return
    assert not path.startswith("/")
    assert not {"", ".", ".."} & set(path.split("/"))
    prefix, name = split_path(path)
    assert (prefix + b"/" + name if prefix else name).decode() == path


def test_folders_that_differ_are_no_twins() -> None:
    check_twins(["a/b", "a/c/d", "a-b/c", "b/a", "\u00e9/a", "\u00e9/b"])
