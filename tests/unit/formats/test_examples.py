"""The example skills: each packs and reads, and its script does what its SKILL.md says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from skillpkg.archive.pack import pack_folder
from skillpkg.archive.reader import read_archive
from skillpkg.version import Range

EXAMPLES = Path(__file__).parents[3] / "examples"
SKILLS = sorted(path.parent.name for path in EXAMPLES.glob("*/SKILL.md"))
SCRIPTS = sorted(EXAMPLES.glob("*/scripts/*"))


def run(
    script: str, *arguments: str, text: str = "", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    path = EXAMPLES / script
    command = ["sh"] if path.suffix == ".sh" else [sys.executable, "-B"]
    return subprocess.run(
        [*command, str(path), *arguments],
        input=text,
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


def test_there_are_examples() -> None:
    assert len(SKILLS) >= 6
    assert len(SCRIPTS) >= len(SKILLS)


@pytest.mark.parametrize("name", SKILLS)
def test_an_example_packs_and_reads(name: str) -> None:
    packed = pack_folder(EXAMPLES / name, namespace="examples")
    found = read_archive(packed.archive)
    assert found.manifest.package == f"examples/{name}"
    assert found.skill.reports == ()
    text = found.file("SKILL.md").decode()
    for member in found.members:
        if member.path.startswith(("scripts/", "references/", "assets/")):
            assert member.path in text, f"SKILL.md never names {member.path}"


def test_an_example_depends_on_another_that_satisfies_it() -> None:
    wanted = pack_folder(EXAMPLES / "release-notes", namespace="demo").manifest.dependencies
    writer = pack_folder(EXAMPLES / "changelog-writer", namespace="demo").manifest
    assert Range.parse(wanted[writer.package]).matches(writer.version)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_explains_itself(script: Path) -> None:
    done = run(str(script.relative_to(EXAMPLES)), "--help")
    assert done.returncode == 0
    assert "usage" in (done.stdout + done.stderr)


def test_the_changelog_groups_commits() -> None:
    log = (
        "feat: export as CSV\nfix(api)!: refuse empty names\nchore: tidy\nfaster start\n"
        "fix: a\nfix: a\n"
    )
    done = run(
        "changelog-writer/scripts/changelog.py",
        "--stdin",
        "--version",
        "v1.5.0",
        "--date",
        "2026-03-01",
        text=log,
    )
    assert done.stdout == (
        "## [1.5.0] - 2026-03-01\n\n### Breaking\n- **Refuse empty names**\n"
        "\n### Added\n- Export as CSV\n"
        "\n### Fixed\n- A\n\n### Review\n- faster start\n"
    )


def test_the_changelog_reads_git(tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(tmp_path)]
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for message in ("feat: one", "docs: two", "perf: three\n\nBREAKING CHANGE: four"):
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", message], check=True)
    done = run("changelog-writer/scripts/changelog.py", cwd=tmp_path)
    assert done.stdout == "## [Unreleased]\n\n### Breaking\n- **Three**\n\n### Added\n- One\n"
    assert (
        run("changelog-writer/scripts/changelog.py", "--from", "gone", cwd=tmp_path).returncode == 1
    )


def test_release_notes_fill_the_template(tmp_path: Path) -> None:
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text(
        "# Changelog\n\n## [Unreleased]\n\n## [1.5.0] - 2026-03-01\n\n"
        "### Breaking\n- **No Python 2**\n\n### Added\n- CSV\n\n## [1.4.0] - 2026-01-01\n- old\n"
    )
    done = run("release-notes/scripts/release_notes.py", str(changelog), "--product", "Acme")
    assert done.stdout.startswith("# Acme 1.5.0\n\nReleased 2026-03-01.")
    assert "- **No Python 2**" in done.stdout
    assert "- CSV" in done.stdout
    assert "old" not in done.stdout
    assert (
        "Nothing: update"
        in run(
            "release-notes/scripts/release_notes.py", str(changelog), "--version", "v1.4.0"
        ).stdout
    )
    assert (
        "1.5.0, 1.4.0"
        in run(
            "release-notes/scripts/release_notes.py", str(changelog), "--version", "9.0.0"
        ).stderr
    )


def test_the_csv_profile_finds_what_is_odd(tmp_path: Path) -> None:
    rows = [f"{n};{n * 1.5};2026-01-{n % 28 + 1:02};name {n}" for n in range(200)]
    text = "\n".join(["id;price;day;who", *rows, "x1;;n/a;café", "1;2"])
    (tmp_path / "a.csv").write_text(text, "latin-1")
    done = run(
        "csv-profiler/scripts/csv_profile.py", str(tmp_path / "a.csv"), "--json", "--key", "id"
    )
    found = json.loads(done.stdout)
    assert (found["rows"], found["broken_rows"], found["broken_lines"]) == (202, 1, [203])
    kinds = {column["column"]: column["type"] for column in found["columns"]}
    assert kinds == {"id": "integer", "price": "number", "day": "date", "who": "text"}
    assert (found["columns"][0]["odd"], found["columns"][0]["odd_examples"]) == (1, ["x1"])
    assert found["key"] == "id: 1 values stand more than once, 0 are missing"
    assert (
        "202 rows, 1 broken"
        in run("csv-profiler/scripts/csv_profile.py", str(tmp_path / "a.csv")).stdout
    )


def test_the_smoke_test_says_why_it_could_not_run(tmp_path: Path) -> None:
    checks = tmp_path / "smoke.json"
    script = "http-smoke/scripts/smoke.py"
    for text in (
        "{",
        '{"checks": [{"path": "/", "method": "POST"}]}',
        '{"checks": [{"path": "x"}]}',
    ):
        checks.write_text(text)
        assert run(script, "http://127.0.0.1:1", str(checks)).returncode == 2
    done = run(script, "http://127.0.0.1:1", str(EXAMPLES / "http-smoke/assets/smoke.json"))
    assert (done.returncode, done.stdout.count("FAIL")) == (1, 4)
    assert run(script, "ftp://x", str(EXAMPLES / "http-smoke/assets/smoke.json")).returncode == 2


def test_the_sweeper_masks_what_it_finds(tmp_path: Path) -> None:
    value = "q7Hx2Lp9Zt4Vb6Nw8Rk3"
    (tmp_path / "app.cfg").write_text(f'[db]\npassword = "{value}"\nname = "plain"\n')
    (tmp_path / "doc.md").write_text("password = aaaaaaaaaaaaaaaaaaaa\n")
    done = run("secret-sweeper/scripts/sweep.py", str(tmp_path))
    assert (done.returncode, value in done.stdout) == (1, False)
    assert done.stdout == "app.cfg:2 assignment q7Hx******** (20 characters)\n"
    (tmp_path / ".sweepignore").write_text("app.cfg:assignment\n")
    assert run("secret-sweeper/scripts/sweep.py", str(tmp_path)).returncode == 0


def test_the_sweeper_reads_staged_lines(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "a.txt").write_text("one\ntwo\n-----BEGIN EC PRIVATE KEY-----\n")
    subprocess.run(["git", "-C", str(tmp_path), "add", "a.txt"], check=True)
    done = run("secret-sweeper/scripts/sweep.py", str(tmp_path), "--staged")
    assert done.stdout.startswith("a.txt:3 private-key")


def test_the_plan_reader_ranks_nodes_by_their_own_time() -> None:
    plan = EXAMPLES / "sql-explain-reader/assets/sample-plan.json"
    done = run("sql-explain-reader/scripts/explain.py", str(plan))
    first, second, third = done.stdout.splitlines()
    assert "Index Scan customers_pkey" in first
    assert "[loops]" in first
    assert "Seq Scan orders" in second
    assert "[estimate, filtered]" in second
    assert "Nested Loop" in third
    assert run("sql-explain-reader/scripts/explain.py", "-", text="Seq Scan on x").returncode == 1


def test_decision_records_are_numbered_and_never_overwritten(tmp_path: Path) -> None:
    script = "adr-writer/scripts/new_adr.sh"
    (tmp_path / "0008-old.md").write_text("old")
    one = run(script, str(tmp_path), "Use A/B & \\n queues!")
    two = run(script, str(tmp_path), "***")
    assert Path(one.stdout.strip()).name == "0009-use-a-b-n-queues.md"
    assert Path(two.stdout.strip()).name == "0010-decision.md"
    assert (
        Path(one.stdout.strip()).read_text().startswith("# 0009. Use A/B & \\n queues!\n\nDate: 20")
    )
    assert run(script).returncode == 2
