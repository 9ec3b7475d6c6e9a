from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillpkg.errors import ManifestInvalid, NameInvalid
from skillpkg.types import (
    Namespace,
    PackageName,
    Sha256Digest,
    SignerKind,
    look_alike,
    suggest_name,
)


@pytest.mark.parametrize("text", ["a", "acme", "deploy-helper", "0", "-a", "a--b", "x" * 64])
def test_names_that_exist_may_be_read(text: str) -> None:
    assert Namespace.parse(text) == text == PackageName.parse(text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty"),
        ("x" * 65, "too-long"),
        ("Acme", "invalid-characters"),
        ("a_b", "invalid-characters"),
        ("a b", "invalid-characters"),
        ("acmé", "invalid-characters"),
        ("a/b", "invalid-characters"),
        ("a\n", "invalid-characters"),
        ("ａ", "invalid-characters"),
        ("١", "invalid-characters"),
        ("***", "invalid-characters"),
    ],
)
def test_a_name_that_breaks_a_rule_is_refused_by_it(text: str, rule: str) -> None:
    for kind in (Namespace, PackageName):
        with pytest.raises(NameInvalid) as refused:
            kind.parse(text)
        assert refused.value.rule == rule
        assert refused.value.fix


@pytest.mark.parametrize(
    ("text", "rule"), [("-a", "edge-hyphen"), ("a-", "edge-hyphen"), ("a--b", "double-hyphen")]
)
def test_new_names_also_follow_the_hyphen_rules(text: str, rule: str) -> None:
    with pytest.raises(NameInvalid) as refused:
        PackageName.parse_new(text)
    assert refused.value.rule == rule


def test_too_long_says_max_and_got() -> None:
    with pytest.raises(NameInvalid, match="max: 64, got: 70"):
        Namespace("n" * 70)


@given(st.text())
def test_a_suggested_name_is_empty_or_keeps_every_rule(text: str) -> None:
    name = suggest_name(text)
    assert name == "" or PackageName.parse_new(name) == name


@pytest.mark.parametrize(
    ("one", "other"), [("hello", "he1l0"), ("a-b", "a_b"), ("pil", "p11"), ("foo.bar", "f00bar")]
)
def test_names_that_look_alike_have_one_form(one: str, other: str) -> None:
    assert look_alike(one) == look_alike(other)
    assert look_alike("deploy") != look_alike("deplex")


def test_a_digest_is_kept_in_lowercase() -> None:
    assert Sha256Digest.parse("AB" * 32) == "ab" * 32
    assert pickle.loads(pickle.dumps(Sha256Digest("0" * 64))) == "0" * 64


@pytest.mark.parametrize("text", ["", "ab", "g" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n"])
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(ManifestInvalid):
        Sha256Digest.parse(text)


@given(st.integers(0, 2**160 - 1))
def test_a_signer_survives_json(serial: int) -> None:
    for signer in (SignerKind("registry"), SignerKind("publisher", f"{serial:x}")):
        assert SignerKind.from_json(signer.to_json()) == signer


@pytest.mark.parametrize(
    "value",
    [
        None,
        "registry",
        {},
        {"kind": "other"},
        {"kind": "publisher"},
        {"kind": "registry", "cert_serial": "1"},
        {"kind": "publisher", "cert_serial": 12345},
        {"kind": "publisher", "cert_serial": "XYZ"},
        {"kind": "publisher", "cert_serial": "AB"},
        {"kind": "publisher", "cert_serial": ""},
        {"kind": "publisher", "cert_serial": "a" * 41},
        {"kind": "registry", "extra": 1},
    ],
)
def test_another_signer_shape_is_refused(value: object) -> None:
    with pytest.raises(ManifestInvalid):
        SignerKind.from_json(value)  # type: ignore[arg-type]


def test_a_registry_signer_has_no_serial() -> None:
    with pytest.raises(ManifestInvalid):
        SignerKind("registry", "1f")
