"""The api process for the bench: ``python -m bench.served`` with the settings in its environment.

The database is one that nobody runs: reads must not need it, and the process carries all the
code that it carries in production.
"""

from __future__ import annotations

from pathlib import Path

from skreg.api.server import serve
from skreg.logs import configure
from skreg.settings import load_api_settings


def environment(objects: Path, staging: Path, port: int) -> dict[str, str]:
    """Return the process's settings for a folder of read-plane objects."""
    return {
        "ENVIRONMENT": "dev",
        "DATABASE_URL": "postgresql://nobody:nobody@127.0.0.1:1/nothing",
        "STORAGE_URL": objects.as_uri(),
        "STAGING_URL": staging.as_uri(),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "LISTEN_HOST": "127.0.0.1",
        "LISTEN_PORT": str(port),
        "LOG_LEVEL": "warning",  # as the peers, which write no line a request
    }


if __name__ == "__main__":
    held = load_api_settings()
    configure(held.log_level, held.log_format)
    serve(held)
