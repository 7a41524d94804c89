"""The way to an upstream is measured by itself, without what the upstream does afterwards."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from headgate.upstream import Url
from headgate.upstream.distance import Surveyor
from tests.upstream.far import far_away, handshaking

WAY_S = 0.06
"""one way, so twice that is a round trip"""


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [1, 2])
async def test_the_way_is_one_round_trip_however_many_a_handshake_makes(
    server_tls: ssl.SSLContext, papers: Path, rounds: int
) -> None:
    if rounds == 2:
        server_tls.maximum_version = ssl.TLSVersion.TLSv1_2
    with handshaking(server_tls) as near, far_away(near, WAY_S) as port:
        url = Url.parse(f"https://127.0.0.1:{port}", ca_file=str(papers / "ca.pem"))
        found = [await Surveyor().round_trip_us(url) or 0 for _ in range(3)]
    assert 2 * WAY_S <= min(found) / 1e6 < 3 * WAY_S


async def test_the_way_to_a_plain_upstream_on_this_machine_is_short() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = Url.parse(f"http://127.0.0.1:{server.getsockname()[1]}")
        found = [await Surveyor().round_trip_us(url) or 10**9 for _ in range(5)]
    assert 0 < min(found) < 10_000


async def test_what_cannot_be_reached_has_no_distance() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    surveyor = Surveyor()
    assert await surveyor.round_trip_us(Url.parse(f"http://127.0.0.1:{port}")) is None
    assert await surveyor.round_trip_us(Url.parse(f"https://127.0.0.1:{port}")) is None
