from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject
from skillpkg.errors import ManifestInvalid, SkillpkgError
from skillpkg.installed import InstalledPackage
from skillpkg.manifest import FileEntry, Manifest, Requires
from skillpkg.manifest_fields import slug
from skillpkg.types import Namespace, PackageName, Sha256Digest, SignerKind
from skillpkg.version import Version

OVERRIDES = "".join(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=OVERRIDES))
NAMES = st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True)
PACKAGES = st.builds("{}/{}".format, NAMES, NAMES)
SLUGS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
FILES = st.dictionaries(TEXT.filter(bool), st.integers(0, 2**40), max_size=5).map(
    lambda found: tuple(FileEntry(p, n, Sha256Digest("0f" * 32)) for p, n in sorted(found.items()))
)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    return Manifest(
        Namespace(draw(NAMES)),
        PackageName(draw(NAMES)),
        Version.parse(draw(st.sampled_from(["1.0.0", "0.1.0-rc.1", "2.0.0+b"]))),
        (draw(TEXT)[:900] + "x" * 20).strip(),
        category=draw(SLUGS),
        license=draw(st.none() | TEXT.filter(lambda t: bool(t.strip()) and len(t) < 200)),
        tags=tuple(draw(st.lists(SLUGS, unique=True, max_size=5))),
        dependencies=draw(st.dictionaries(PACKAGES, st.sampled_from(["^1", "*"]), max_size=3)),
        requires=Requires(("API_TOKEN",), ("git",), ("*.example.com:443",), ("Bash(git:*)",)),
        files=draw(FILES),
    )  # fmt: skip


@given(manifests())
def test_a_manifest_survives_being_written(manifest: Manifest) -> None:
    data = manifest.to_bytes()
    assert Manifest.from_bytes(data) == manifest
    assert Manifest.from_bytes(data).to_bytes() == data


@given(manifests(), st.data())
def test_a_manifest_with_one_byte_changed_is_refused_or_says_so(
    manifest: Manifest, data: st.DataObject
) -> None:
    raw = bytearray(manifest.to_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    try:
        found = Manifest.from_bytes(bytes(raw))
    except SkillpkgError:
        return
    assert found.to_bytes() == bytes(raw)


def sample() -> JsonObject:
    return {
        "schema": "skreg.manifest/1", "namespace": "acme", "name": "greeter", "version": "1.0.0",
        "description": "Greets people politely.", "category": "other", "license": "MIT", "tags": [],
        "dependencies": {"acme/base": "^1"},
        "requires": {"env": [], "bins": [], "hosts": [], "tools": []},
        "files": [{"path": "SKILL.md", "size": 1, "sha256": "00" * 32}],
    }  # fmt: skip


ENTRY: JsonObject = {"path": "b", "size": 1, "sha256": "00" * 32}


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("schema", "skreg.manifest/2", "schema"),
        ("description", "Too short.", "description"),
        ("description", " Greets people politely.", "description"),
        ("description", "x" * 1025, "description"),
        ("description", "Greets people\x1b[31m politely.", "description"),
        ("description", "Greets people\u202e politely.", "description"),
        ("description", 5, "description"),
        ("description", None, "description"),
        ("category", "Data Science", "category"),
        ("category", "x" * 41, "category"),
        ("license", "", "license"),
        ("license", "x" * 257, "license"),
        ("tags", "git", "tags"),
        ("tags", ["a", "a"], "tags"),
        ("tags", [str(n) for n in range(21)], "tags"),
        ("tags", ["-a"], "tags"),
        ("tags", ["ü"], "tags"),
        ("tags", [1], "tags"),
        ("dependencies", [], "dependencies"),
        ("dependencies", {"base": "^1"}, "dependencies"),
        ("dependencies", {"Acme/base": "^1"}, "dependencies"),
        ("dependencies", {"acme/base": "latest"}, "dependencies.acme/base"),
        ("dependencies", {"acme/base": 1}, "dependencies.acme/base"),
        ("dependencies", {f"a/{n}": "*" for n in range(101)}, "dependencies"),
        ("requires", [], "requires"),
        ("requires", {"gpu": []}, "requires"),
        ("requires", {"env": "A"}, "requires.env"),
        ("requires", {"env": ["A B"]}, "requires.env"),
        ("requires", {"bins": ["../sh"]}, "requires.bins"),
        ("requires", {"hosts": ["https://x"]}, "requires.hosts"),
        ("requires", {"tools": ["a\nb"]}, "requires.tools"),
        ("requires", {"env": ["A", "A"]}, "requires.env"),
        ("files", {}, "files"),
        ("files", [{"path": "a"}], "files"),
        ("files", ["a"], "files"),
        ("files", [{**ENTRY, "size": True}], "files"),
        ("files", [{**ENTRY, "size": -1}], "files"),
        ("files", [{**ENTRY, "path": 1}], "files"),
        ("files", [{**ENTRY, "sha256": "AA" * 32}], "files"),
        ("files", [{**ENTRY, "sha256": "AA"}], "files"),
        ("files", [{**ENTRY, "sha256": 1}], "files"),
        ("files", [{**ENTRY, "sha256": "aa"}], "sha256"),
        ("files", [ENTRY, ENTRY], "files"),
        ("files", [ENTRY, {**ENTRY, "path": "a"}], "files"),
    ],
)  # fmt: skip
def test_a_field_outside_its_rule_is_named(field: str, value: object, named: str) -> None:
    document = sample() | {field: value}  # type: ignore[operator]
    with pytest.raises(ManifestInvalid) as refused:
        Manifest.from_bytes(canonical_json.dumps(document))
    assert refused.value.field == named


@pytest.mark.parametrize("key", sorted(sample()))
def test_a_missing_key_is_named(key: str) -> None:
    document = sample()
    del document[key]
    with pytest.raises(ManifestInvalid) as refused:
        Manifest.from_bytes(canonical_json.dumps(document))
    assert refused.value.field == key


def test_a_manifest_that_is_no_json_or_too_large_is_refused() -> None:
    for data in (b"", b"{", b"[]", b"\xff", b" {}", bytes(1024 * 1024 + 1)):
        with pytest.raises(ManifestInvalid):
            Manifest.from_bytes(data)


def test_the_record_adds_digest_signer_and_chain() -> None:
    record = sample() | {
        "sha256": "ab" * 32,
        "signer": {"kind": "publisher", "cert_serial": "0f"},
        "cert_chain_pem": "PEM",
    }
    manifest = Manifest.from_record(record)
    assert (manifest.sha256, manifest.signer) == ("ab" * 32, SignerKind("publisher", "0f"))
    assert manifest.to_json() == record
    assert manifest.package == "acme/greeter"
    assert Manifest.from_record(sample()).sha256 is None
    assert Manifest.from_record(sample() | {"license": None}).license is None
    with pytest.raises(ManifestInvalid):
        Manifest.from_bytes(canonical_json.dumps(record))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sha256", 5),
        ("sha256", "aa"),
        ("signer", "x"),
        ("cert_chain_pem", 1),
        ("cert_chain_pem", "x" * 70000),
    ],
)
def test_a_wrong_record_key_is_refused(key: str, value: object) -> None:
    with pytest.raises(ManifestInvalid):
        Manifest.from_record(sample() | {key: value})  # type: ignore[operator]


def test_a_slug_is_made_of_anything() -> None:
    assert (slug("Data Science!"), slug("ü"), len(slug("x" * 90))) == ("data-science", "", 40)


def installed() -> InstalledPackage:
    return InstalledPackage(
        Namespace("acme"), PackageName("greeter"), Version.parse("1.0.0"), "0123456789abcdef",
        Sha256Digest("ab" * 32), SignerKind("registry"), 7, Path("/store/acme/greeter/1.0.0"),
        "2026-11-21T04:00:00Z", requested=False,
    )  # fmt: skip


def test_an_installed_package_survives_being_written() -> None:
    assert InstalledPackage.from_json(installed().to_json()) == installed()
    assert installed().package == "acme/greeter"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", None),
        ("version", 1),
        ("log_index", -1),
        ("log_index", "1"),
        ("log_index", True),
        ("requested", "yes"),
        ("signer", None),
    ],
)
def test_a_damaged_installed_package_is_refused(key: str, value: object) -> None:
    with pytest.raises(ManifestInvalid):
        InstalledPackage.from_json(installed().to_json() | {key: value})  # type: ignore[operator]
    with pytest.raises(ManifestInvalid):
        InstalledPackage.from_json([])
