"""``skreg up`` as people start, stop and lose it."""

from __future__ import annotations

import base64
import json
import os
import pty
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from skreg import administration
from support.database import reachable_folder
from support.registry_process import SKREG, Http, Up, running_up, said
from support.skills import make_skill

PUBLISH = "/v1/packages/acme/demo/publish"


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as path:
        yield path


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return True
    return state == "Z"


def wait_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 20
    while not all(gone(pid) for pid in pids):
        assert time.monotonic() < deadline, pids
        time.sleep(0.05)


def database_of(up: Up) -> int:
    lock = Path(up.facts["data_dir"]) / "database" / "postmaster.pid"
    return int(lock.read_text().split()[0])


def everything(up: Up) -> list[int]:
    return [up.process.pid, database_of(up), *up.children("api"), *up.children("worker")]


def test_publish_stop_and_start_again(folder: Path) -> None:
    with running_up(folder / "data") as up:
        acme = up.http.sign_up("acme")
        taken = acme.upload(PUBLISH, make_skill("acme", "demo"))
        assert taken.status == 202
        done = acme.wait_for("acme/demo", "1.0.0")
        assert [item["step"] for item in done["steps"]][-1] == "published"
        assert up.http.get("/index/timestamp").status == 200
        download = up.http.get("/v1/packages/acme/demo/latest/download")
        path = download.headers["location"].removeprefix(up.facts["url"])
        archive = up.http.get(path)
        assert (archive.status, archive.body) == (200, make_skill("acme", "demo"))
        pids, fingerprint = everything(up), up.facts["root_fingerprint"]
        assert len(pids) == 4
        assert up.stop(signal.SIGINT) == 0
    wait_gone(pids)

    with running_up(folder / "data") as again:
        assert again.facts["root_fingerprint"] == fingerprint
        assert again.http.get("/v1/packages/acme/demo").json()["latest"] == "1.0.0"
        assert again.stop(signal.SIGTERM) == 0
    assert again.log.read_text() == ""


def test_what_signs_sessions_does_not_lie_open_in_the_database(folder: Path) -> None:
    with running_up(folder / "data") as up:
        assert up.http.sign_up("acme").get("/v1/auth/me").status == 200
        url = administration.database_of(Path(up.facts["data_dir"])).url
        with psycopg.connect(url) as connection:
            counts = "SELECT (SELECT count(*) FROM session_keys), count(*) FROM session_secrets"
            assert connection.execute(counts).fetchone() == (0, 1)
        assert up.stop(signal.SIGINT) == 0


def test_after_a_kill_it_starts_again(folder: Path) -> None:
    with running_up(folder / "data") as up:
        acme = up.http.sign_up("acme")
        assert acme.upload(PUBLISH, make_skill("acme", "demo")).status == 202
        pids = everything(up)
        os.kill(up.process.pid, signal.SIGKILL)
        up.process.wait()
    wait_gone(pids[2:])
    with running_up(folder / "data") as again:
        again.http.token = acme.token
        acme.url = again.facts["url"]
        acme.wait_for("acme/demo", "1.0.0")
        assert again.stop() == 0


def test_a_killed_child_is_started_again(folder: Path) -> None:
    with running_up(folder / "data") as up:
        acme = up.http.sign_up("acme")
        os.kill(up.children("worker")[0], signal.SIGKILL)
        assert acme.upload(PUBLISH, make_skill("acme", "demo")).status == 202
        acme.wait_for("acme/demo", "1.0.0")
        os.kill(up.children("api")[0], signal.SIGKILL)
        deadline = time.monotonic() + 30
        while True:
            try:
                assert up.http.get("/v1/packages/acme/demo").status == 200
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert up.stop() == 0


def test_a_killed_database_is_started_again(folder: Path) -> None:
    with running_up(folder / "data") as up:
        acme = up.http.sign_up("acme")
        os.kill(database_of(up), signal.SIGKILL)
        deadline = time.monotonic() + 60
        while acme.upload(PUBLISH, make_skill("acme", "demo")).status not in (200, 202):
            assert time.monotonic() < deadline, up.log.read_text()
            time.sleep(0.2)
        acme.wait_for("acme/demo", "1.0.0")
        assert up.stop() == 0
    assert "The database ended with -9; starting it again." in up.log.read_text()


def test_a_proxy_in_the_environment_does_not_stand_between_its_parts(folder: Path) -> None:
    nobody = {name: "http://127.0.0.1:1" for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY")}
    with running_up(folder / "data", environment=nobody) as up:
        assert up.stop() == 0


def expires_at(timestamp: Path) -> datetime:
    payload = base64.b64decode(json.loads(timestamp.read_bytes())["payload"])
    return datetime.fromisoformat(json.loads(payload)["expires_at"])


def test_after_days_of_rest_it_is_ready_once_clients_would_take_its_timestamp(
    folder: Path,
) -> None:
    with running_up(folder / "data") as up:
        assert up.stop() == 0
    timestamp = up.storage / "index" / "timestamp"
    envelope = json.loads(timestamp.read_bytes())
    payload = json.loads(base64.b64decode(envelope["payload"]))
    payload |= {
        "issued_at": payload["issued_at"].replace("202", "201"),
        "expires_at": payload["expires_at"].replace("202", "201"),
    }
    envelope["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
    timestamp.write_text(json.dumps(envelope))
    assert expires_at(timestamp) < datetime.now(UTC)
    with running_up(folder / "data") as again:
        assert expires_at(timestamp) > datetime.now(UTC)
        assert again.stop() == 0


def test_a_port_in_use_is_said_before_anything_starts(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = said("up", "--data-dir", str(folder / "data"), "--port", port)
    assert done.returncode == 1
    assert f"Port {port}" in done.stderr
    assert "--port" in done.stderr
    assert not (folder / "data" / "database").exists()


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_what_cannot_be_a_port_is_said_so(port: str) -> None:
    done = said("up", f"--port={port}")
    assert (done.returncode, "from 0 to 65535" in done.stderr) == (2, True)


def test_a_question_to_a_registry_that_does_not_run_says_so(tmp_path: Path) -> None:
    done = said("pki", "fingerprint", "--data-dir", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"No skreg up runs on {tmp_path}")


def test_one_folder_is_one_registry(folder: Path) -> None:
    with running_up(folder / "data") as up:
        done = said("up", "--data-dir", str(folder / "data"), "--port", "0")
        assert done.returncode == 1
        assert "--data-dir" in done.stderr
        status = said("pki", "status", "--data-dir", str(folder / "data"))
        assert up.facts["root_fingerprint"] in status.stdout
        assert "Nothing to do." in status.stdout
        root = said("pki", "fingerprint", "--data-dir", str(folder / "data"))
        assert root.stdout.strip() == up.facts["root_fingerprint"]
        data = ("--data-dir", str(folder / "data"))
        made = said("admin", "create", "root-admin", *data, typed="correct horse battery\n")
        assert made.returncode == 0, made.stderr
        body = {"username": "root-admin", "password": "correct horse battery"}
        token = up.http.post("/v1/auth/login", body).json()["access_token"]
        up_http = up.http
        up_http.token = token
        assert up_http.get("/v1/auth/me").json()["is_admin"] is True


def test_a_folder_nobody_else_may_enter_is_refused_to_root(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root drops to another user")
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    done = said("up", "--data-dir", str(closed / "data"), "--port", "0")
    assert done.returncode == 1
    assert "/var/lib/skreg" in done.stderr
    assert closed.stat().st_mode & 0o777 == 0o700


def test_a_strict_umask_closes_nothing_that_the_database_must_reach(folder: Path) -> None:
    before = os.umask(0o077)
    try:
        with running_up(folder / "data") as up:
            assert up.stop() == 0
    finally:
        os.umask(before)
    assert (folder / "data").stat().st_mode & 0o777 == 0o755
    for private in ("database", "keys", "staging", "run"):
        assert (folder / "data" / private).stat().st_mode & 0o077 == 0


def test_the_ready_line_for_people_can_be_typed(folder: Path) -> None:
    command = [*SKREG, "up", "--data-dir", str(folder / "data"), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    process.stdout.close()
    assert lines[0].startswith("skreg is ready at http://127.0.0.1:")
    assert lines[1].startswith("root sha256:")
    assert lines[2].startswith("skillpkg registry add ")


def test_a_person_who_looks_on_is_told_of_the_start_and_the_end(folder: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*SKREG, "up", "--data-dir", str(folder / "data"), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("skreg is ready at ")
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    process.stdout.close()
    told = os.read(ours, 4096).decode()
    os.close(ours)
    assert told.startswith(f"Starting a registry in {folder / 'data'}")
    assert f"Stopped. Everything is kept in {folder / 'data'}." in told


def test_json_says_where_and_what(folder: Path) -> None:
    with running_up(folder / "data") as up:
        assert set(json.loads(json.dumps(up.facts))) == {"url", "root_fingerprint", "data_dir"}


def test_settings_of_ones_own_outlast_a_start_from_another_shell(folder: Path) -> None:
    data = folder / "data"
    data.mkdir(mode=0o755)
    file = data / "settings.env"
    file.write_text("VISIBILITY=private\nSIGNUP=closed\nPUBLIC_URL=https://skills.example.com\n")
    for environment in ({}, {"VISIBILITY": "public", "PUBLIC_URL": "http://elsewhere.example"}):
        with running_up(data, environment=environment) as up:
            assert up.facts["url"] == "https://skills.example.com"
            here = Http(up.facts["answers_at"])
            assert here.get("/v1/packages").status == 401
            account = {"username": "alice", "password": "correct horse battery staple"}
            assert here.post("/v1/auth/signup", account).status == 403
            told = here.get("/.well-known/skreg.json")
            assert (told.status, b"https://skills.example.com" in told.body) == (200, True)


def test_a_mistake_in_the_settings_is_said_before_anything_starts(folder: Path) -> None:
    data = folder / "data"
    data.mkdir(mode=0o755)
    (data / "settings.env").write_text("VISIBILTY=private\n")
    done = said("up", "--data-dir", str(data), "--port", "0")
    assert done.returncode == 1
    assert "VISIBILTY: is no setting" in done.stderr
    assert not (data / "database").exists()
