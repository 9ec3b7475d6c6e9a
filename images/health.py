"""The image's health check: does the api answer ``/healthz``; has the worker once been ready.

The api's answer says nothing of database or stores: an outage there must not restart every
process. The worker is ready when it has migrated the schema and reached its keys and stores; it
stays so, whatever happens later. Any other role is alive or gone.
"""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

SECONDS = 4.0


def main() -> int:
    """Return 0 when this container's process is well, else 1 with the reason on stderr."""
    command = Path("/proc/1/cmdline").read_bytes().split(b"\0")
    if b"worker" in command:
        return _worker()
    return _api() if b"api" in command else 0


def _worker() -> int:
    path = os.environ.get("READY_FILE")
    if path is None or Path(path).exists():
        return 0
    sys.stderr.write(f"The worker has not migrated and settled yet: there is no {path}.\n")
    return 1


def _api() -> int:
    url = f"http://127.0.0.1:{os.environ.get('LISTEN_PORT', '8080')}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as error:
        sys.stderr.write(f"{url} does not answer: {error}\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
