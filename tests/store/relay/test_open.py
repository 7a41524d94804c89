"""Where running calls are shared is decided by what is configured, and said when it fails."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest

from headgate.store.relay import Led, RelayError, Tower
from headgate.store.relay.open import open_tower, swept
from headgate.store.relay.redis import RedisTower
from headgate.store.relay.sql import FILE, SqlTower
from headgate.store.server import Server
from tests.servers import Redis, free_port
from tests.store.relay.towers import Sky


def test_a_file_is_shared_beside_the_ledger_for_this_user_alone(tmp_path: Path) -> None:
    with contextlib.closing(open_tower(tmp_path / "headgate.db")) as tower:
        assert isinstance(tower, SqlTower)
        assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
        assert not (tmp_path / "headgate.db").exists()


def test_redis_is_used_where_it_is_named(tmp_path: Path, redis: Redis) -> None:
    with contextlib.closing(open_tower(tmp_path / "headgate.db", redis.url)) as tower:
        assert isinstance(tower, RedisTower)
    assert not (tmp_path / FILE).exists()


def test_what_cannot_be_reached_is_named_without_its_password() -> None:
    with pytest.raises(
        RelayError, match=r"Redis at 127\.0\.0\.1:\d+/0 cannot be used"
    ) as redis:
        open_tower(Path("headgate.db"), f"redis://:hunter2@127.0.0.1:{free_port()}/0")
    server = Server(f"postgresql://u:hunter2@127.0.0.1:{free_port()}/d")
    with pytest.raises(RelayError, match="nothing listens there") as sql:
        open_tower(server)
    assert "hunter2" not in f"{redis.value}{sql.value}"


def test_a_driver_that_is_missing_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "headgate.store.relay.redis", raising=False)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(RelayError, match=r"pip install 'headgate\[redis\]'"):
        open_tower(tmp_path / "headgate.db", "redis://127.0.0.1:1/0")


def test_what_an_earlier_run_left_is_swept_when_it_is_opened(sky: Sky) -> None:
    leader: Tower = sky.open()
    leader.claim(Led(b"name", "aa.1"))
    sky.pass_time(3600)
    swept(sky.open())
    assert sky.left() == 0


def test_a_tower_that_cannot_be_swept_is_closed(tmp_path: Path) -> None:
    tower = open_tower(tmp_path / "headgate.db")
    tower.close()
    with pytest.raises(RelayError):
        swept(tower)
