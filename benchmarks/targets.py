"""What is measured side by side: nothing in between, nginx, Headgate and LiteLLM's proxy.

Rule 1: every target gets one core, the same bodies, the same upstream and a fresh process.
Rule 2: each is set up as its makers advise for speed, and how is said in its `setup` line.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import bodies, toolbox
from benchmarks.toolbox import BenchError

LITELLM = "litellm[proxy]==1.106.2"
START_LIMIT_S = 120.0
UPSTREAM_KEYS = {
    "ANTHROPIC_API_KEY": "sk-ant-api03-" + "benchmark-" * 9 + "AA",
    "OPENAI_API_KEY": "sk-proj-" + "benchmark" * 9,
}


@dataclass(frozen=True, slots=True)
class Site:
    """Where a target is set up: its upstream, its core and a folder of its own."""

    upstream: str
    core: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Running:
    """A target that answers."""

    url: str
    stream_url: str
    key: str = "sk-benchmark-no-key"
    pid: int = 0
    """0: there is no process in between"""
    start_s: float = 0.0


Opening = contextlib.AbstractContextManager[Running]


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    setup: str
    """how it is configured, for the reader of the figures"""
    open: Callable[[Site], Opening]
    version: Callable[[], str]
    prepare: Callable[[], None] = field(default=lambda: None)
    """install what is missing, or raise BenchError naming the remedy"""
    warm_s: float = 0.7
    """how long each surface is asked before the first figure is taken"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment() -> dict[str, str]:
    """The caller's environment without anybody's credentials, proxies or Headgate settings."""
    hidden = re.compile(r"(?i)(_API_KEY|_AUTH_TOKEN|_BASE_URL|_PROXY)$|^(HEADGATE|LITELLM)_")
    return {name: value for name, value in os.environ.items() if not hidden.search(name)}


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Command:
    """A server to start: what to run, and the path that answers 200 once it is healthy."""

    line: list[str]
    env: dict[str, str]
    port: int
    health: str
    log: Path


@contextlib.contextmanager
def started(command: Command, core: int) -> Iterator[tuple[int, float]]:
    """Run a server until the caller is done; gives its pid and how long it took to answer."""
    with command.log.open("ab") as log:
        at = time.perf_counter()
        process = toolbox.spawn(
            command.line, core, env=command.env, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            while not answers(command.port, command.health):
                if process.poll() is not None or time.perf_counter() - at > START_LIMIT_S:
                    words = command.log.read_text(errors="replace")[-3000:]
                    raise BenchError(f"{command.line[0]} did not start:\n{words}")
                time.sleep(0.002)
            yield process.pid, time.perf_counter() - at
        finally:
            toolbox.end(process)


@contextlib.contextmanager
def open_direct(site: Site) -> Iterator[Running]:
    yield Running(site.upstream, site.upstream)


NGINX_CONF = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
{user}
events {{ worker_connections 4096; }}
http {{
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  client_max_body_size 64m;
  client_body_buffer_size 128k;
  proxy_request_buffering off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream house {{ server {upstream}; keepalive 512; keepalive_requests 1000000000; }}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /healthz {{ return 200 "ok"; }}
    location / {{ proxy_pass http://house; }}
  }}
  server {{
    listen 127.0.0.1:{stream_port} backlog=4096;
    proxy_buffering off;
    location / {{ proxy_pass http://house; }}
  }}
}}
"""


@contextlib.contextmanager
def open_nginx(site: Site) -> Iterator[Running]:
    port, stream_port = free_port(), free_port()
    conf = site.folder / "nginx.conf"
    values = {"folder": site.folder, "port": port, "stream_port": stream_port}
    user = "user root;" if os.geteuid() == 0 else ""
    upstream = site.upstream.removeprefix("http://")
    conf.write_text(NGINX_CONF.format(upstream=upstream, user=user, **values))
    line = [_nginx(), "-e", str(site.folder / "error.log"), "-c", str(conf)]
    command = Command(line, clean_environment(), port, "/healthz", site.folder / "out.log")
    with started(command, site.core) as (pid, start_s):
        url = f"http://127.0.0.1:{port}"
        yield Running(url, f"http://127.0.0.1:{stream_port}", pid=pid, start_s=start_s)


def _nginx() -> str:
    found = shutil.which(
        "nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    )
    if found is None:
        raise BenchError("nginx is not on the PATH\nhint: apt-get install nginx-light")
    return found


def require_nginx() -> None:
    _nginx()


def nginx_version() -> str:
    done = subprocess.run([_nginx(), "-v"], capture_output=True, text=True, check=False)
    return done.stderr.strip().rpartition("/")[2]


HEADGATE_CONF = """
[server]
host = "127.0.0.1"
port = {port}

[providers.anthropic]
base_url = "{upstream}"
api_key = "env:ANTHROPIC_API_KEY"

[providers.openai]
base_url = "{upstream}"
api_key = "env:OPENAI_API_KEY"

[providers.elsewhere]
kind = "openai-compatible"
base_url = "{upstream}/v1"
api_key = "env:OPENAI_API_KEY"

[models]
"{anthropic}" = "anthropic"
"{openai}" = "openai"
"{across}" = "elsewhere:{openai}"
"""


def headgate_program() -> str:
    found = Path(sys.executable).with_name("headgate")
    if not found.exists():
        raise BenchError(f"no headgate beside {sys.executable}\nhint: make setup")
    return str(found)


@contextlib.contextmanager
def open_headgate(site: Site, more: str = "") -> Iterator[Running]:
    """`more`: further sections of its configuration."""
    port = free_port()
    conf = site.folder / "headgate.toml"
    names = {
        "anthropic": bodies.ANTHROPIC_MODEL,
        "openai": bodies.OPENAI_MODEL,
        "across": bodies.ACROSS_MODEL,
    }
    conf.write_text(HEADGATE_CONF.format(port=port, upstream=site.upstream, **names) + more)
    env = clean_environment() | UPSTREAM_KEYS | {"HEADGATE_HOME": str(site.folder / "home")}
    program = headgate_program()
    create = [program, "keys", "create", "--name", "bench", "--config", str(conf), "--json"]
    key = make_key(create, env)
    line = [program, "up", "--config", str(conf), "--log", str(site.folder / "calls.log")]
    command = Command(line, env, port, "/healthz", site.folder / "out.log")
    with started(command, site.core) as (pid, start_s):
        url = f"http://127.0.0.1:{port}"
        yield Running(url, url, key=key, pid=pid, start_s=start_s)


def make_key(line: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(line, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"headgate keys create failed:\n{done.stderr}")
    return str(json.loads(done.stdout)["secret"])


def require_headgate() -> None:
    headgate_program()


def headgate_version() -> str:
    done = subprocess.run(
        [headgate_program(), "--version"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip().split()[-1] if done.stdout.strip() else "unknown"


LITELLM_CONF = """
model_list:
  - model_name: {anthropic}
    litellm_params:
      model: anthropic/{anthropic}
      api_base: {upstream}
      api_key: sk-ant-benchmark
  - model_name: {openai}
    litellm_params:
      model: openai/{openai}
      api_base: {upstream}/v1
      api_key: sk-benchmark
general_settings:
  master_key: sk-benchmark-master
litellm_settings:
  telemetry: false
  set_verbose: false
"""


def _litellm_bin(name: str) -> Path:
    return toolbox.CACHE / "litellm" / "bin" / name


def litellm_python() -> Path:
    return _litellm_bin("python")


def prepare_litellm() -> None:
    """A virtual environment of its own, so that its pins never meet ours."""
    if _litellm_bin("litellm").exists():
        return
    print(f"installing {LITELLM} from the package index (a minute, once)", file=sys.stderr)
    venv = str(toolbox.CACHE / "litellm")
    pip = [str(litellm_python()), "-m", "pip", "install", "--quiet", LITELLM]
    for line in ([sys.executable, "-m", "venv", venv], pip):
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"could not install {LITELLM}:\n{done.stderr[-2000:]}")


@contextlib.contextmanager
def open_litellm(site: Site) -> Iterator[Running]:
    port = free_port()
    conf = site.folder / "litellm.yaml"
    names = {"anthropic": bodies.ANTHROPIC_MODEL, "openai": bodies.OPENAI_MODEL}
    conf.write_text(LITELLM_CONF.format(upstream=site.upstream, **names))
    env = clean_environment() | {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    line = [str(_litellm_bin("litellm")), "--config", str(conf), "--host", "127.0.0.1"]
    line += ["--port", str(port), "--num_workers", "1"]
    command = Command(line, env, port, "/health/liveliness", site.folder / "out.log")
    with started(command, site.core) as (pid, start_s):
        url = f"http://127.0.0.1:{port}"
        yield Running(url, url, key="sk-benchmark-master", pid=pid, start_s=start_s)


TARGETS = {
    target.name: target
    for target in (
        Target("direct", "the load generator speaks to the upstream", open_direct, lambda: ""),
        Target(
            "nginx",
            "1 worker, pool of 512 upstream connections, access log off, TCP_NODELAY on, "
            "request buffering off (cheapest at 1 MB), proxy_buffering off for streams only",
            open_nginx,
            nginx_version,
            require_nginx,
        ),
        Target(
            "headgate",
            "one worker; a virtual key, metering, prices, ledger, metrics and log lines on",
            open_headgate,
            headgate_version,
            require_headgate,
        ),
        Target(
            "litellm",
            "1 worker, master key, no database, LITELLM_LOG=ERROR",
            open_litellm,
            lambda: LITELLM.partition("==")[2],
            prepare_litellm,
            warm_s=4.0,  # it imports and compiles much on its first calls
        ),
    )
}
