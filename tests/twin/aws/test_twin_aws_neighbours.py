"""While a rollout is under way, the release before this one serves beside today's worker."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from skreg.db.migrate import head
from support.earlier import Release, previous_release
from support.twin import USER, Twin, is_ready, twin
from support.twin_answers import FIRST_PASSWORD


@pytest.fixture
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    found = previous_release(tmp_path_factory.mktemp("release"))
    if found is None:
        pytest.skip("no earlier release: git or its history is absent")
    return found


def renamed(stack: Twin, release: Release) -> dict[str, str]:
    """Return what an earlier release was told in another way."""
    if release.knows("DATABASE_PASSWORD_SECRET"):
        return {}
    login = f"//{USER}:{quote(FIRST_PASSWORD)}@"
    return {"DATABASE_URL": stack.database_url.replace(f"//{USER}@", login)}


def test_the_earlier_api_goes_on_beside_todays_worker(tmp_path: Path, release: Release) -> None:
    code = "from skreg.db.migrate import head; print(head())"
    assert release.run("-c", code, environment={}) == release.head < head()
    with twin(tmp_path) as stack, ExitStack() as running:
        stack.postgres.start()
        earlier = stack.container("api", sources=release.sources, **renamed(stack, release))
        release.run("-m", "skreg", "migrate", environment=earlier.environment)
        running.enter_context(stack.api(earlier))
        earlier.wait(lambda: is_ready(earlier), "ready")
        # Today's worker migrates under the earlier api, which goes on.
        worker = running.enter_context(stack.worker())
        worker.wait(lambda: is_ready(worker), "ready")
        acme = stack.customer("acme")
        acme.sign_up("acme")
        acme.publish("acme", "demo")
        acme.install("acme/demo")
        assert acme.ok("search", "demo")["results"]
        with stack.api() as api:
            api.wait(lambda: is_ready(api), "ready")
            for version in ("1.1.0", "1.2.0", "1.3.0"):
                acme.publish("acme", "demo", version)
        acme.install("acme/demo@1.3.0")
        assert (earlier.ends, worker.ends) == ([], [])
