"""The servers that skreg is measured beside: verdaccio and nginx, and how they are set up."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path

from bench.processes import Server, free_port, running
from bench.report import Absent, which

VERDACCIO = "6.8.0"
"""The last release that runs on Node 20."""

# One of verdaccio's plug-ins asks for its dependency by a tag that not every npm mirror keeps.
_PACKAGE = {
    "private": True,
    "dependencies": {"verdaccio": VERDACCIO},
    "overrides": {"node-fetch": "2.6.7"},
}
_VERDACCIO_CONFIG = """
storage: {storage}
web: {{enable: false}}
auth: {{htpasswd: {{file: {folder}/htpasswd}}}}
uplinks: {{}}
packages: {{'**': {{access: $all, publish: $all}}}}
middlewares: {{}}
log: {{type: stdout, format: json, level: fatal}}
"""
_NGINX_CONFIG = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 512; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  open_file_cache max=4000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {root}; etag on; }}
}}
"""


def cache_folder() -> Path:
    """Return where installed peers are kept between runs; ``SKREG_BENCH_CACHE`` moves it."""
    return Path(os.environ.get("SKREG_BENCH_CACHE", "~/.cache/skreg-bench")).expanduser()


def installed_verdaccio() -> Path:
    """Return verdaccio's start script, installing it from npm the first time.

    Raises:
        Absent: npm could not install it.
    """
    folder = cache_folder() / f"verdaccio-{VERDACCIO}"
    script = folder / "node_modules/verdaccio/bin/verdaccio"
    if not script.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(json.dumps(_PACKAGE))
        print(f"Installing verdaccio {VERDACCIO} into {folder} …")
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode or not script.exists():
            raise Absent(f"npm could not install verdaccio {VERDACCIO}: {done.stderr[-600:]}")
    return script


def verdaccio(storage: Path, folder: Path, probe: str) -> AbstractContextManager[Server]:
    """Start verdaccio over a storage folder, without web pages, audit and uplinks."""
    config = folder / "verdaccio.yaml"
    config.write_text(_VERDACCIO_CONFIG.format(storage=storage, folder=folder))
    port = free_port()
    command = ["node", str(installed_verdaccio()), "--config", str(config)]
    command += ["--listen", f"127.0.0.1:{port}"]
    environment = {"NODE_ENV": "production"}
    return running("verdaccio", command, port, probe, environment=environment)


def nginx(root: Path, folder: Path, probe: str) -> AbstractContextManager[Server]:
    """Start nginx with one worker over a folder of files."""
    own = folder / "nginx"
    own.mkdir()
    config, port = own / "nginx.conf", free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(_NGINX_CONFIG.format(user=user, folder=own, root=root, port=port))
    command = [which("nginx") or "nginx", "-p", str(own), "-c", str(config), "-e", "stderr"]
    return running("nginx", command, port, probe)
