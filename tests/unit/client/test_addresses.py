"""Which addresses are spoken to, and where a redirect may lead."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillpkg.client import addresses
from skillpkg.client.transport import _proxy_for
from skillpkg.errors import NetworkFailure, UsageError


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://a.test/", "https://a.test"),
        ("https://a.test:8443/x/", "https://a.test:8443/x"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.9", "http://127.0.0.9"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("file:///srv/x/", "file:///srv/x"),
    ],
)
def test_addresses_in_their_one_form(text: str, kept: str) -> None:
    assert addresses.normalise(text) == kept


def test_a_path_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    url = addresses.normalise("a b")
    assert url == f"file://{tmp_path}/a%20b"
    assert addresses.folder_of(url) == tmp_path / "a b"


@pytest.mark.parametrize(
    "text",
    [
        "http://a.test",
        "http://localhost.evil.test",
        "http://10.0.0.1",
        "https://",
        "https://[x",
        "https://a.test/\nb",
        "https://a b.test",
    ],
)
def test_what_is_not_spoken_to(text: str) -> None:
    with pytest.raises(UsageError):
        addresses.normalise(text)
    with pytest.raises(NetworkFailure):
        addresses.require_speakable(text)


def test_a_folder_is_not_spoken_to() -> None:
    with pytest.raises(NetworkFailure, match="not an address"):
        addresses.require_speakable("file:///etc")


@given(st.text(max_size=80))
def test_a_path_never_leaves_its_folder(path: str) -> None:
    try:
        parts = addresses.path_parts("/" + path)
    except NetworkFailure:
        return
    assert all(
        part not in ("", ".", "..") and "/" not in part and "\\" not in part for part in parts
    )


def test_plus_is_escaped_in_urls() -> None:
    url = addresses.join("https://a.test/r", "/packages/a/b/1.0.0+x/y.skill")
    assert url == "https://a.test/r/packages/a/b/1.0.0%2Bx/y.skill"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/y", "https://a.test/y"),
        ("https://cdn.test/z", "https://cdn.test/z"),
        ("https://cdn.test:8443/z", None),
        ("https://port.test:8443/z", "https://port.test:8443/z"),
        ("https://evil.test/z", None),
        ("http://cdn.test/z", None),
        ("http://localhost/z", None),
        ("file:///etc/passwd", None),
        ("//evil.test/z", None),
        ("https://cdn.test@evil.test/", None),
        ("https://u@cdn.test/", None),
        ("ftp://cdn.test/", None),
        ("https://[", None),
    ],
)
def test_redirects(location: str, target: str | None) -> None:
    allowed = frozenset({"cdn.test", "port.test:8443"})
    if target is None:
        with pytest.raises(NetworkFailure):
            addresses.redirect_target("https://a.test/x", location, allowed)
    else:
        assert addresses.redirect_target("https://a.test/x", location, allowed) == target


def test_proxies_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert _proxy_for("https://a.test") is None
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    assert _proxy_for("https://a.test/x") == "http://proxy.test:3128"
    assert _proxy_for("http://localhost:1") is None
    monkeypatch.setenv("no_proxy", "a.test")
    assert _proxy_for("https://a.test/x") is None
    assert _proxy_for("https://b.test/x") == "http://proxy.test:3128"
