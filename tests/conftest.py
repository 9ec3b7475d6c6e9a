"""Puts this folder on the import path, so that every suite can use ``support``."""

from __future__ import annotations

import os

# Databases are started from a process that may also serve gRPC stand-ins: gRPC's handlers would
# run in the child between fork and exec, with its files already closed.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
