"""The attack archives and the rule that must refuse each (cases C1 to C35)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import TypeAlias

from tests.attacks.archives import shapes as s

Case: TypeAlias = tuple[str, Callable[[], bytes], str]


def _link(kind: bytes, target: bytes, name: bytes = b"AAA") -> bytes:
    return s.block(name, kind=kind, link=target)


def _tar() -> bytes:
    return b"".join(s.blocks_of(s.FILES)) + s.END


def _header(**at: int) -> bytes:
    header = bytearray(b"\x1f\x8b\x08\0\0\0\0\0\x02\xff")
    for place, value in at.items():
        header[int(place[1:])] = value
    return s.gzip(_tar(), bytes(header))


def _bomb() -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(100)) + deflater.flush()
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + body + struct.pack("<II", 0, 100 << 20)


def _bad_trailer(crc: int, size: int) -> bytes:
    good = s.valid()
    old_crc, old_size = struct.unpack("<II", good[-8:])
    return good[:-8] + struct.pack("<II", old_crc ^ crc, old_size ^ size)


def _extra_files(count: int) -> bytes:
    return s.with_files(*(f"z/{number:05}" for number in range(count)))


NAMES: list[tuple[str, str, str]] = [
    ("c01-parent", "../evil", "path-traversal"),
    ("c02-parent-inside", "a/../../evil", "path-traversal"),
    ("c02-parent-last", "a/..", "path-traversal"),
    ("c03-absolute", "/etc/evil", "path-absolute"),
    ("c04-double-slash", "//etc/evil", "path-absolute"),
    ("c04-empty-component", "a//b", "path-dot"),
    ("c05-backslash-parent", "..\\evil", "path-backslash"),
    ("c05-backslash", "a\\b", "path-backslash"),
    ("c06-drive-relative", "C:evil", "path-colon"),
    ("c06-drive", "C:/evil", "path-colon"),
    ("c07-unc", "\\\\host\\share", "path-backslash"),
    ("c08-stream", "SKILL.md:hidden", "path-colon"),
    ("c23-decomposed", "re\u0301sume\u0301.md", "path-not-nfc"),
    ("c24-trailing-dot", "notes.", "path-edge"),
    ("c24-trailing-space", "notes ", "path-edge"),
    ("c24-leading-space", " notes", "path-edge"),
    ("c24-folder-trailing-dot", "notes./a.md", "path-edge"),
    ("c24-dot-slash", "./notes.md", "path-dot"),
    ("c24-dot-inside", "a/./b", "path-dot"),
    ("c26-con", "CON", "path-device"),
    ("c26-aux-suffix", "aux.md", "path-device"),
    ("c26-com-superscript", "docs/COM\u00b9.txt", "path-device"),
    ("c26-nul-folder", "nul/a.md", "path-device"),
    ("c26-conin", "CONIN$", "path-device"),
    ("c26-wildcard", "a?.md", "path-character"),
    ("c26-short-name", "GIT~1/hooks", "path-short-name"),
    ("c27-escape", "a\x1b[2J.md", "path-control"),
    ("c27-newline", "a\nb.md", "path-control"),
    ("c27-c1", "a\u0085b.md", "path-control"),
    ("c27-bidi", "a\u202eexe.md", "path-control"),
    ("c27-zero-width", "a\u200bb.md", "path-control"),
    ("c27-tag-block", "a\U000e0041b.md", "path-control"),
    ("c27-no-break-space", "a\u00a0b.md", "path-control"),
    ("c27-noncharacter", "a\uffffb.md", "path-control"),
    ("c34-depth", "/".join(["d"] * 50), "path-depth"),
    ("c35-git-hook", ".git/hooks/post-checkout", "path-hidden"),
    ("c35-env", ".env", "path-hidden"),
    ("c35-hidden-inside", "docs/.claude/settings.json", "path-hidden"),
    ("c35-adapter-script", ".skill/openai.sh", "path-hidden"),
    ("c35-adapter-deep", ".skill/a/b.json", "path-hidden"),
]

TWINS: list[tuple[str, tuple[str, ...], str]] = [
    ("c22-case", ("README.md", "Readme.md"), "path-twin"),
    ("c22-case-folder", ("Docs/a.md", "docs/b.md"), "path-twin"),
    ("c22-manifest-case", ("Manifest.json",), "path-twin"),
    ("c23-ligature", ("\ufb01le.md", "file.md"), "path-twin"),
    ("c23-full-width", ("\uff21.md", "a.md"), "path-twin"),
    ("c24-sharp-s", ("stra\u00dfe.md", "strasse.md"), "path-twin"),
    ("c24-kelvin", ("\u212a.md", "k.md"), "path-not-nfc"),
    ("c25-file-and-folder", ("notes", "notes/a.md"), "path-file-and-folder"),
    ("c25-file-and-folder-case", ("NOTES", "notes/a.md"), "path-file-and-folder"),
]

LINKS: list[tuple[str, bytes, bytes]] = [
    ("c14-symlink-absolute", b"2", b"/etc/passwd"),
    ("c14-symlink-relative", b"2", b"../../evil"),
    ("c14-symlink-inside", b"2", b"SKILL.md"),
    ("c17-hardlink-absolute", b"1", b"/etc/passwd"),
    ("c17-hardlink-outside", b"1", b"../../evil"),
    ("c17-hardlink-inside", b"1", b"SKILL.md"),
]

EXTENSIONS: list[tuple[str, bytes, bytes, bytes]] = [
    ("c09-pax-path", b"x", b"PaxHeader", s.pax(b"path=../evil")),
    ("c10-pax-global-path", b"g", b"PaxHeader", s.pax(b"path=../evil")),
    ("c11-gnu-long-name", b"L", b"././@LongLink", b"../evil\0"),
    ("c11-gnu-long-link", b"K", b"././@LongLink", b"../evil\0"),
    ("c28-pax-size", b"x", b"PaxHeader", s.pax(b"size=0")),
    ("c31-pax-bad-record", b"x", b"PaxHeader", b"99 path=a\n"),
    ("c31-pax-repeated", b"x", b"PaxHeader", s.pax(b"path=a", b"path=b")),
    ("c31-pax-linkpath", b"x", b"PaxHeader", s.pax(b"linkpath=/etc")),
    ("c31-pax-vendor", b"x", b"PaxHeader", s.pax(b"GNU.sparse.name=../evil")),
    ("c32-gnu-sparse", b"S", b"AAA", b"x"),
    ("c32-gnu-multi-volume", b"M", b"AAA", b"x"),
    ("c32-solaris-pax", b"X", b"AAA", s.pax(b"path=a")),
    ("c32-contiguous", b"7", b"AAA", b"x"),
    ("c32-unknown", b"Z", b"AAA", b"x"),
    ("c32-old-regular", b"\0", b"AAA", b"x"),
    ("c32-old-folder", b"\0", b"AAA/", b""),
]

MEMBERS: list[Case] = [
    ("c14-symlink-chain", lambda: s.with_block(
        _link(b"2", b"b", b"A"), _link(b"2", b"..", b"B")), "link-member"),
    ("c15-symlink-then-write", lambda: s.with_block(
        _link(b"2", b"/tmp", b"A"), s.block(b"A/evil", b"x")), "link-member"),
    ("c16-path-max", lambda: s.with_block(
        _link(b"2", b"d" * 100, b"A"), _link(b"2", b"a/" * 49, b"B")), "link-member"),
    ("c16-cut-elsewhere", lambda: s.with_raw_name(b"f" * 60, b"d" * 60 + b"/e"), "not-canonical"),
    ("c18-hardlink-via-symlink", lambda: s.with_block(
        _link(b"1", b"B/passwd", b"A"), _link(b"2", b"/etc", b"B")), "link-member"),
    ("c12-prefix-parent", lambda: s.with_raw_name(b"evil", b"../.."), "not-canonical"),
    ("c12-prefix-not-needed", lambda: s.with_raw_name(b"b.md", b"notes"), "not-canonical"),
    ("c13-nul-in-name", lambda: s.with_raw_name(b"SKILL.zz\0../evil"), "path-control"),
    ("c27-not-utf8", lambda: s.with_raw_name(b"a\xff.md"), "path-encoding"),
    ("c27-empty-name", lambda: s.with_raw_name(b""), "path-empty"),
    ("c19-character-device", lambda: s.with_block(s.block(b"A", kind=b"3")), "special-member"),
    ("c19-block-device", lambda: s.with_block(s.block(b"A", kind=b"4")), "special-member"),
    ("c19-fifo", lambda: s.with_block(s.block(b"A", kind=b"6")), "special-member"),
    ("c20-setuid", lambda: s.with_block(s.block(b"A", b"#!", mode=0o4755)), "member-mode"),
    ("c20-sticky", lambda: s.with_block(s.block(b"A", b"x", mode=0o1644)), "member-mode"),
    ("c20-world-writable", lambda: s.with_block(s.block(b"A", b"x", mode=0o666)), "member-mode"),
    ("c20-mode-zero", lambda: s.with_block(s.block(b"A", b"x", mode=0)), "member-mode"),
    ("c20-executable-text", lambda: s.with_block(s.block(b"A", b"x", mode=0o755)), "member-mode"),
    ("c20-script-not-executable", lambda: s.with_block(
        s.block(b"A", b"#!", mode=0o644)), "member-mode"),
    ("c20-folder-mode-zero", lambda: s.with_block(
        s.block(b"A/", kind=b"5", mode=0)), "directory-member"),
    ("c20-folder", lambda: s.with_block(s.block(b"A/", kind=b"5", mode=0o755)), "directory-member"),
    ("c21-duplicate", lambda: s.with_block(s.block(b"SKILL.md", s.SKILL)), "duplicate-path"),
    ("c21-unsorted", lambda: s.archive(reversed(s.blocks_of(s.FILES))), "members-unsorted"),
    ("c30-checksum", lambda: s.with_block(
        s.block(b"A", b"x", checksum=b"000001\0 ")), "tar-checksum"),
    ("c30-checksum-spelling", lambda: s.with_block(
        s.block(b"A", b"x", checksum=b" %06o\0" % 1)), "tar-checksum"),
    ("c30-negative-size", lambda: s.with_block(
        s.block(b"A", size=b"\xff" * 12)), "tar-number"),
    ("c30-base256-size", lambda: s.with_block(
        s.block(b"A", size=b"\x80" + (2**60).to_bytes(11, "big"))), "tar-number"),
    ("c30-minus-size", lambda: s.with_block(s.block(b"A", size=b"-0000000001\0")), "tar-number"),
    ("c30-space-size", lambda: s.with_block(
        s.block(b"A", b"x", size=b"          1\0")), "tar-number"),
    ("c30-short-size", lambda: s.with_block(
        s.block(b"A", b"x", size=b"1".ljust(12, b"\0"))), "tar-number"),
    ("c30-huge-size", lambda: s.with_block(s.block(b"A", size=b"77777777777\0")), "tar-truncated"),
    ("c32-gnu-magic", lambda: s.with_block(s.block(b"A", b"x", magic=b"ustar  \0")), "tar-magic"),
    ("c32-v7-magic", lambda: s.with_block(s.block(b"A", b"x", magic=bytes(8))), "tar-magic"),
    ("c34-future-mtime", lambda: s.with_block(
        s.block(b"A", b"x", mtime=2**33 - 1)), "not-canonical"),
    ("c34-owner", lambda: s.with_block(s.block(b"A", b"x", uid=1000)), "not-canonical"),
    ("c34-owner-name", lambda: s.with_block(s.block(b"A", b"x", user=b"root")), "not-canonical"),
    ("c34-link-name", lambda: s.with_block(s.block(b"A", b"x", link=b"/etc")), "not-canonical"),
    ("c34-padding", lambda: s.with_block(s.block(b"A", b"x", padding=b"y")), "not-canonical"),
    ("c34-20000-files", lambda: _extra_files(20_000), "too-many-files"),
    ("c34-1001-files", lambda: _extra_files(999), "too-many-files"),
]  # fmt: skip

WHOLE: list[Case] = [
    ("c29-data-after-end", lambda: s.archive(s.blocks_of(s.FILES), s.END + b"evil"), "tar-end"),
    ("c29-member-after-end", lambda: s.archive(
        s.blocks_of(s.FILES), s.END + s.block(b"z", b"x") + s.END), "tar-end"),
    ("c29-zero-blocks-after-end", lambda: s.archive(s.blocks_of(s.FILES), bytes(10240)), "tar-end"),
    ("c29-one-zero-block", lambda: s.archive(s.blocks_of(s.FILES), bytes(512)), "tar-end"),
    ("c29-no-end", lambda: s.archive(s.blocks_of(s.FILES), b""), "tar-end"),
    ("c29-half-header", lambda: s.archive(
        s.blocks_of(s.FILES), s.block(b"z", b"x")[:300]), "tar-truncated"),
    ("c29-half-file", lambda: s.archive(
        s.blocks_of(s.FILES), s.block(b"z", b"x" * 5000)[:1000]), "tar-truncated"),
    ("c29-half-padding", lambda: s.archive(
        s.blocks_of(s.FILES), s.block(b"z", b"x")[:600]), "tar-end"),
    ("c29-empty-tar", lambda: s.gzip(b""), "tar-end"),
    ("c29-no-member", lambda: s.archive([]), "manifest-missing"),
    ("c33-empty-file", lambda: b"", "gzip-truncated"),
    ("c33-plain-tar", _tar, "gzip-header"),
    ("c33-zip", lambda: b"PK\x03\x04" + bytes(100), "gzip-header"),
    ("c33-second-member", lambda: s.valid() + s.valid(), "gzip-trailing"),
    ("c33-empty-second-member", lambda: s.valid() + s.gzip(b""), "gzip-trailing"),
    ("c33-trailing-bytes", lambda: s.valid() + b"evil", "gzip-trailing"),
    ("c33-trailing-zeros", lambda: s.valid() + bytes(512), "gzip-trailing"),
    ("c33-bad-crc", lambda: _bad_trailer(1, 0), "gzip-checksum"),
    ("c33-bad-size", lambda: _bad_trailer(0, 1), "gzip-checksum"),
    ("c33-truncated-trailer", lambda: s.valid()[:-3], "gzip-truncated"),
    ("c33-truncated-body", lambda: s.valid()[:-60], "gzip-truncated"),
    ("c33-corrupt-body", lambda: _header()[:10] + b"\xff" * 200, "gzip-corrupt"),
    ("c33-bomb", _bomb, "unpacked-too-large"),
    ("c33-flag-text", lambda: _header(_3=1), "gzip-header"),
    ("c33-flag-header-crc", lambda: s.gzip(
        _tar(), b"\x1f\x8b\x08\x02\0\0\0\0\x02\xff" + b"\0\0"), "gzip-header"),
    ("c33-flag-extra", lambda: s.gzip(
        _tar(), b"\x1f\x8b\x08\x04\0\0\0\0\x02\xff" + b"\x04\0evil"), "gzip-header"),
    ("c33-flag-name", lambda: s.gzip(
        _tar(), b"\x1f\x8b\x08\x08\0\0\0\0\x02\xff" + b"../evil\0"), "gzip-header"),
    ("c33-flag-comment", lambda: s.gzip(
        _tar(), b"\x1f\x8b\x08\x10\0\0\0\0\x02\xff" + b"evil\0"), "gzip-header"),
    ("c33-time", lambda: _header(_4=1), "gzip-header"),
    ("c33-extra-flags", lambda: _header(_8=1), "gzip-header"),
    ("c33-system", lambda: _header(_9=14), "gzip-header"),
    ("c33-method", lambda: _header(_2=7), "gzip-header"),
    ("c34-too-large", lambda: bytes(10 * 1024 * 1024 + 1), "archive-too-large"),
]  # fmt: skip

MANIFESTS: list[Case] = [
    ("c35-no-manifest", lambda: s.archive(
        [s.block(b"SKILL.md", s.SKILL)]), "manifest-missing"),
    ("c35-not-listed", lambda: s.archive(
        s.blocks_of(s.FILES | {"evil.py": b"x"}, s.FILES)), "file-not-listed"),
    ("c35-listed-and-missing", lambda: s.archive(
        s.blocks_of(s.FILES, s.FILES | {"gone.md": b"x"})), "file-missing"),
    ("c35-lists-itself", lambda: s.archive(
        s.blocks_of(s.FILES, s.FILES | {"manifest.json": b"x"})), "file-missing"),
    ("c35-other-size", lambda: s.archive(
        s.blocks_of(s.FILES, s.FILES | {"SKILL.md": b"x"})), "file-size"),
    ("c35-other-bytes", lambda: s.archive(
        s.blocks_of(s.FILES, s.FILES | {"SKILL.md": s.SKILL[::-1]})), "file-digest"),
    ("c35-manifest-not-canonical", lambda: s.with_manifest(
        s.manifest(s.FILES) + b"\n"), "manifest-invalid"),
    ("c35-manifest-key-twice", lambda: s.with_manifest(
        s.manifest(s.FILES).replace(b'"name":', b'"name":"x","name":')), "manifest-invalid"),
    ("c35-manifest-unknown-key", lambda: s.with_manifest(
        s.manifest(s.FILES, zz=1)), "manifest-invalid"),
    ("c35-manifest-record-key", lambda: s.with_manifest(
        s.manifest(s.FILES, sha256="0" * 64)), "manifest-invalid"),
    ("c35-manifest-name", lambda: s.with_manifest(
        s.manifest(s.FILES, name="../evil")), "manifest-invalid"),
    ("c35-manifest-version", lambda: s.with_manifest(
        s.manifest(s.FILES, version="1.0")), "manifest-invalid"),
    ("c35-manifest-size-true", lambda: s.with_manifest(
        s.manifest(s.FILES).replace(b'"size":20', b'"size":true')), "manifest-invalid"),
    ("c35-no-skill", lambda: s.archive(
        s.blocks_of({"README.md": b"x"})), "skill-missing"),
    ("c35-skill-spelling", lambda: s.archive(
        s.blocks_of({"skill.md": s.SKILL})), "skill-spelling"),
]  # fmt: skip


def cases() -> list[Case]:
    """Every attack: its id, how to build it, the rule that must refuse it."""
    found: list[Case] = []
    found += [(i, lambda path=path: s.with_file(path), rule) for i, path, rule in NAMES]
    found += [(i, lambda paths=paths: s.with_files(*paths), rule) for i, paths, rule in TWINS]
    found += [
        (i, lambda kind=kind, to=to: s.with_block(_link(kind, to)), "link-member")
        for i, kind, to in LINKS
    ]
    found += [
        (i, lambda k=kind, n=name, d=data: s.with_block(s.block(n, d, kind=k)), "tar-extension")
        for i, kind, name, data in EXTENSIONS
    ]
    return found + MEMBERS + WHOLE + MANIFESTS
