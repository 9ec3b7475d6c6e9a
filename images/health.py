"""The image's health check: does the api answer ``/healthz``; any other role is alive or gone.

The answer says nothing of database or stores: an outage there must not restart every process.
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
    if b"api" not in Path("/proc/1/cmdline").read_bytes().split(b"\0"):
        return 0
    url = f"http://127.0.0.1:{os.environ.get('LISTEN_PORT', '8080')}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as error:
        sys.stderr.write(f"{url} does not answer: {error}\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
