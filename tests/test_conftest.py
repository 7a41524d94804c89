"""The ground under the tests holds: each guard of conftest.py is made to fire on purpose."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

GUARD_PROBE = """
import asyncio, contextlib, socket
import pytest, uvloop

def test_swallowed_connect():
    with contextlib.suppress(OSError), socket.socket() as sock:
        sock.connect(("192.0.2.1", 443))

def test_swallowed_name():
    with contextlib.suppress(OSError):
        socket.getaddrinfo("example.com", 443)

def test_swallowed_uvloop_connect():
    async def go():
        with contextlib.suppress(OSError):
            await asyncio.open_connection("192.0.2.1", 443)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(go())
"""


@pytest.mark.slow
def test_a_connection_beyond_loopback_is_refused_and_fails_the_test_that_swallowed_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))  # for its plug-ins
    pytester.makeconftest((Path(__file__).parent / "conftest.py").read_text())
    pytester.makepyfile(GUARD_PROBE)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=3, errors=3)
    result.stdout.fnmatch_lines(["*tried to leave this machine: 192.0.2.1:443*"])


def test_loopback_is_reachable_by_address_and_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        for host in ("127.0.0.1", "localhost"):
            with socket.create_connection((host, server.getsockname()[1]), timeout=2):
                pass


def test_a_name_that_cannot_exist_fails_as_it_would_outside() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nobody.invalid", 443)


async def test_code_of_headgate_that_blocks_the_loop_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from blockbuster import BlockingError

    import headgate

    source = "import time\ndef nap():\n    time.sleep(0)\n"
    place = Path(headgate.__file__).parent / "nap.py"  # compiled as if it stood in the package
    scope: dict[str, object] = {}
    exec(compile(source, str(place), "exec"), scope)  # noqa: S102 - the source is above
    nap = scope["nap"]
    assert callable(nap)
    with pytest.raises(BlockingError):
        nap()


def test_no_credential_or_setting_of_the_user_is_visible(nobody_home: Path) -> None:
    leaked = [
        name
        for name in os.environ
        if name.endswith(("_API_KEY", "_AUTH_TOKEN")) or name.startswith("ANTHROPIC_")
    ]
    assert leaked == []
    assert Path.home() == nobody_home
    assert os.environ["HEADGATE_HOME"].startswith(str(nobody_home))
