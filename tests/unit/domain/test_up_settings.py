"""``settings.env`` of ``skreg up``: what it may set, what it may not, who is told what."""

from __future__ import annotations

from pathlib import Path

import pytest

from skreg.errors import ConfigurationInvalid
from skreg.settings_mistakes import KEY_VARIABLES
from skreg.up_layout import Layout
from skreg.up_settings import OWN, PartSettings, settings_in, settings_of_parts

DATABASE = "postgresql://postgres@/postgres?host=/tmp/x"
HERE = "http://127.0.0.1:8470"


def layout(folder: Path, text: str | bytes | None = None) -> Layout:
    found = Layout(folder)
    if text is not None:
        found.settings.write_bytes(text if isinstance(text, bytes) else text.encode())
    return found


def parts(folder: Path, text: str | None = None, **chosen: str) -> PartSettings:
    address = ("127.0.0.1", 8470)
    return settings_of_parts(layout(folder, text), DATABASE, address, HERE, chosen)


def test_without_a_file_the_parts_have_their_own_settings(tmp_path: Path) -> None:
    found = parts(tmp_path)
    assert found.url == HERE
    assert found.api["PUBLIC_URL"] == found.worker["PUBLIC_URL"] == HERE
    assert found.worker["SIGNING_KEY_URI"].startswith("file://")
    assert not set(found.api) & set(KEY_VARIABLES)
    assert found.api["WEBHOOK_SEALING_KEY"] == found.worker["WEBHOOK_SEALING_KEY"]
    assert found == parts(tmp_path), "the second start is the same"


def test_the_file_sets_what_both_roles_read(tmp_path: Path) -> None:
    text = """
# a registry for ourselves
VISIBILITY=private
export SIGNUP="closed"
PUBLIC_URL=https://skills.example.com
TRUSTED_PROXIES=127.0.0.1/32   # the proxy
SCANNER_URL=clamd://127.0.0.1:3310
LOG_LEVEL=
"""
    found = parts(tmp_path, text)
    assert found.url == "https://skills.example.com"
    assert found.api["VISIBILITY"] == "private"
    assert found.api["SIGNUP"] == "closed"
    assert found.api["TRUSTED_PROXIES"] == "127.0.0.1/32"
    assert found.worker["SCANNER_URL"] == "clamd://127.0.0.1:3310"
    assert found.worker["LOG_LEVEL"] == "warning", "an empty value is none"


def test_the_command_line_is_stronger(tmp_path: Path) -> None:
    assert parts(tmp_path, "ARCHIVE_POLICY=strict").api["ARCHIVE_POLICY"] == "strict"
    chosen = parts(tmp_path, ARCHIVE_POLICY="standard", LOG_LEVEL="info")
    assert (chosen.worker["ARCHIVE_POLICY"], chosen.api["LOG_LEVEL"]) == ("standard", "info")


def test_the_witness_key_is_the_workers_alone(tmp_path: Path) -> None:
    found = parts(tmp_path, "LOG_WITNESS_SECRET=file:///secrets/witness")
    assert found.worker["LOG_WITNESS_SECRET"] == "file:///secrets/witness"
    assert "LOG_WITNESS_SECRET" not in found.api


@pytest.mark.parametrize("name", sorted(OWN))
def test_what_it_decides_itself_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=f"{name}: is what skreg up decides itself"):
        settings_in(layout(tmp_path, f"{name}=x"))


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = "VISIBILTY=private\nSIGNUP=closed\n\nthis is no setting\nDATABASE_URL=x\n"
    with pytest.raises(ConfigurationInvalid) as caught:
        settings_in(layout(tmp_path, text))
    assert [(item["path"], item["detail"]) for item in caught.value.errors] == [
        ("this is no setting", "is not NAME=VALUE"),
        ("VISIBILTY", "is no setting"),
        ("DATABASE_URL", "is what skreg up decides itself"),
    ]
    assert str(tmp_path / "settings.env") in str(caught.value)
    assert "VISIBILTY: is no setting" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("VISIBILITY=secret", "VISIBILITY"),
        ("OIDC_ISSUER=https://login.example.com", "OIDC_CLIENT_ID"),
        ("WORKER_CONCURRENCY=0", "WORKER_CONCURRENCY"),
        ("PUBLIC_URL=nonsense", "PUBLIC_URL"),
    ],
)
def test_values_are_judged_before_anything_starts(tmp_path: Path, text: str, name: str) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        parts(tmp_path, text)
    assert [item["path"] for item in caught.value.errors] == [name]
    assert "settings.env" in str(caught.value)


@pytest.mark.parametrize("what", ["folder", "bytes"])
def test_a_file_that_cannot_be_read_is_not_passed_over(tmp_path: Path, what: str) -> None:
    found = layout(tmp_path, b"SIGNUP=\xff" if what == "bytes" else None)
    if what == "folder":
        found.settings.mkdir()
    with pytest.raises(ConfigurationInvalid, match="cannot be read"):
        settings_in(found)
