"""Identity tokens are read strictly: whatever comes in, it is a token or a refusal."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skreg.domain.identity_tokens import read, require_for, text_claim
from skreg.domain.trusted_claims import PROVIDERS, Trust
from skreg.errors import Unauthenticated
from skreg.settings import read_issuers

HEAD = {"alg": "RS256", "kid": "k", "typ": "JWT"}


def part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_is_read() -> None:
    found = read(f"{part(HEAD)}.{part({'iss': 'https://x'})}.AQID")
    assert (found.issuer, found.key_id, found.signature) == ("https://x", "k", b"\x01\x02\x03")
    assert found.signed == f"{part(HEAD)}.{part({'iss': 'https://x'})}".encode()


@given(st.text(max_size=300))
def test_any_text_is_a_token_or_a_refusal(text: str) -> None:
    with pytest.raises(Unauthenticated):
        read(text)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_claims_are_judged_or_refused(value: object) -> None:
    body = {"iss": value, "aud": value, "exp": value, "iat": value, "nbf": value}
    found = read(f"{part(HEAD)}.{part(body)}.AQID")
    with pytest.raises(Unauthenticated):
        require_for(found.claims, "https://registry.test", 1e9)


CLAIMS = st.dictionaries(
    st.sampled_from(sorted(PROVIDERS["github"].checked | PROVIDERS["gitlab"].checked | {"sub"})),
    st.text(max_size=20) | st.integers() | st.none() | st.lists(st.text(), max_size=2),
)


@given(st.sampled_from(sorted(PROVIDERS)), CLAIMS)
def test_no_claims_but_the_right_ones_fit(provider: str, claims: dict[str, object]) -> None:
    trust = Trust("https://x", "acme", "1", "demo", None, "a.yml", "")
    rules = PROVIDERS[provider]
    try:
        assert rules.mismatches(trust, claims) != []
    except Unauthenticated:
        known = rules.checked | rules.unchecked | {"sub"}
        assert rules.unknown(claims) == sorted(set(claims) - known)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256", "kid": "k"},
        {"alg": ["RS256"], "kid": "k"},
        {"alg": "RS256"},
        {"alg": "RS256", "kid": 7},
        {"alg": "RS256", "kid": ""},
        {"alg": "RS256", "kid": "k", "crit": []},
        {"alg": "RS256", "kid": "k", "typ": "at+jwt"},
        [],
    ],
)
def test_headers_that_are_refused(header: object) -> None:
    with pytest.raises(Unauthenticated):
        read(f"{part(header)}.{part({})}.AQID")


def test_base64_has_one_form() -> None:
    for bad in ("AQ==", "A+/_", "A Q", "A\n"):
        with pytest.raises(Unauthenticated):
            read(f"{part(HEAD)}.{part({})}.{bad}")


@pytest.mark.parametrize("value", [None, "", 7, "a\nb", "x" * 1025, "a\u202eb"])
def test_a_text_claim_is_a_text(value: object) -> None:
    with pytest.raises(Unauthenticated, match="not valid"):
        text_claim({"a": value}, "a")


def test_issuers_are_read_from_the_environment() -> None:
    text = "github=https://a.test, gitlab=https://b.test,gitlab=http://127.0.0.1:8"
    assert read_issuers(text) == {
        "https://a.test": "github",
        "https://b.test": "gitlab",
        "http://127.0.0.1:8": "gitlab",
    }
    assert read_issuers("") == {}


@pytest.mark.parametrize(
    "text",
    [
        "https://a.test",
        "circle=https://a.test",
        "github=http://a.test",
        "github=",
        "github=a",
        "github=https://a.test,gitlab=https://a.test",
    ],
)
def test_issuers_that_cannot_be_trusted(text: str) -> None:
    with pytest.raises(ValueError, match=r"https|begin|twice"):
        read_issuers(text)
