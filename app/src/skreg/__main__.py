"""``python -m skreg``."""

from skreg.cli import main

raise SystemExit(main())
