"""The attackers' registry: as in tests/unit/api, with an account ``acme`` that is attacked."""

from __future__ import annotations

import pytest
import pytest_asyncio

from support.accounts import organisation
from support.asgi import AsgiClient
from support.registry import Registry, client_of, signed_up
