"""Settings: everything wrong is said at once, and the API takes no key."""

from __future__ import annotations

import pytest

from skreg.errors import ConfigurationInvalid
from skreg.settings import load_api_settings, load_settings, load_worker_settings

API = {
    "DATABASE_URL": "postgresql://u:p@db/skreg",
    "STORAGE_URL": "s3://packages",
    "STAGING_URL": "s3://staging",
}
WORKER = API | {
    "SIGNING_KEY_URI": "awskms:///signing",
    "REGISTRY_CA_KEY_URI": "awskms:///registry-ca",
    "PUBLISHER_CA_KEY_URI": "awskms:///publisher-ca",
    "LOG_KEY_URI": "awskms:///log",
}


def mistakes(environment: dict[str, str], *, worker: bool = True) -> set[tuple[str, str]]:
    load = load_worker_settings if worker else load_api_settings
    with pytest.raises(ConfigurationInvalid) as caught:
        load(environment)
    assert all(item["detail"] in str(caught.value) for item in caught.value.errors)
    return {(item["path"], item["rule"]) for item in caught.value.errors}


def test_a_whole_environment_is_taken() -> None:
    assert load_worker_settings(WORKER).hsm_backend == "hsm"
    found = load_api_settings(API | {"PUBLIC_URL": "https://r.example/", "TRUSTED_PROXIES": ""})
    assert found.public_url == "https://r.example"
    assert "p@db" not in repr(found)
    assert load_settings(API).environment == "prod"


def test_all_mistakes_are_told_at_once() -> None:
    broken = WORKER | {
        "DATABASE_URL": "mysql://x",
        "STORAGE_URL": "ftp://x",
        "SIGNING_KEY_URI": "vault:x",
        "ENVIRONMENT": "live",
        "WORKER_CONCURRENCY": "0",
        "ROOT_MODE": "offline",
        "ROOT_KEY_URI": "file:///root.pem",
    }
    del broken["LOG_KEY_URI"]
    assert {path for path, _ in mistakes(broken)} == {
        "DATABASE_URL",
        "STORAGE_URL",
        "SIGNING_KEY_URI",
        "ENVIRONMENT",
        "WORKER_CONCURRENCY",
        "LOG_KEY_URI",
        "ROOT_KEY_URI",
    }


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"STAGING_URL": "s3://packages/"}, ("STAGING_URL", "same-store")),
        ({"LOG_KEY_URI": "awskms:///signing"}, ("LOG_KEY_URI", "shared-key")),
        ({"LOG_KEY_URI": "file:///log.pem"}, ("LOG_KEY_URI", "software-key")),
    ],
)
def test_contradictions(change: dict[str, str], expected: tuple[str, str]) -> None:
    assert expected in mistakes(WORKER | change)


def test_software_keys_are_asked_for_by_name() -> None:
    found = load_worker_settings(
        WORKER | {"LOG_KEY_URI": "file:///log.pem", "HSM_BACKEND": "software"}
    )
    assert found.log_key_uri == "file:///log.pem"


@pytest.mark.parametrize("name", ["SIGNING_KEY_URI", "ROOT_KEY_URI", "PKI_SECRET"])
def test_the_api_refuses_to_know_a_key(name: str) -> None:
    assert mistakes(API | {name: "awskms:///x"}, worker=False) == {(name, "key-in-api")}


@pytest.mark.parametrize(
    "change",
    [
        {"TRUSTED_PROXIES": "10.0.0.0/8, nonsense"},
        {"PUBLIC_URL": "r.example"},
        {"LISTEN_PORT": "x"},
    ],
)
def test_values_that_cannot_be(change: dict[str, str]) -> None:
    assert {path for path, _ in mistakes(API | change, worker=False)} == set(change)
