"""nginx as a proxy before the benchmark's provider: the least that anything between client and provider can add."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from processes import await_health, free_port

#: One worker, connections to the provider kept, nothing buffered on disk, answers passed on as they come.
CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 64m;
  client_body_buffer_size 4m;
  keepalive_requests 1000000;
  upstream provider {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port};
    location = /health {{ return 200 "ok"; }}
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer sk-bench";
      proxy_buffering off;
      proxy_request_buffering off;
    }}
  }}
}}
"""


def found() -> str | None:
    """The program, where there is one."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


@contextlib.contextmanager
def nginx(upstream: int) -> Iterator[tuple[int, int, float]]:
    """Run nginx before the provider: its port, its process id, and the seconds from its start to its first answer."""
    program = found()
    if program is None:
        raise RuntimeError("nginx is not installed; leave it out with --without nginx")
    folder, port = tempfile.mkdtemp(prefix="mux-bench-nginx-"), free_port()
    config = Path(folder) / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, upstream=upstream), "utf-8")
    before = time.monotonic()
    with subprocess.Popen([program, "-p", folder, "-c", str(config)], stderr=subprocess.DEVNULL) as process:
        try:
            started = await_health(port, process) - before
            yield port, process.pid, started
        finally:
            process.terminate()
            process.wait(10)
            shutil.rmtree(folder, ignore_errors=True)
