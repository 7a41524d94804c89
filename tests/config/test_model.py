"""The defaults in force when nothing is said, and that a Config keeps its secrets."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from headgate.config import Config, Server
from headgate.providers import Provider


def test_the_defaults_are_the_ones_we_promise() -> None:
    config = Config()
    assert (config.server.host, config.server.max_body_bytes) == ("127.0.0.1", 32 * 1024 * 1024)
    assert config.retry.waits_s == (1.0, 2.0, 4.0)
    assert config.ledger.durability == "group"
    assert config.ledger.linger_ms == 5.0
    provider = Provider("a", "a", "https://a.test", {}, "none")
    assert (provider.connect_s, provider.call_s, provider.silence_s) == (2.0, 600.0, 300.0)


def test_a_config_cannot_be_changed_behind_a_running_engine() -> None:
    with pytest.raises(FrozenInstanceError):
        Config().source = "elsewhere"  # type: ignore[misc]  # the point of the test


def test_printing_a_config_prints_no_secret() -> None:
    provider = Provider(
        "a", "a", "https://a.test", {}, "bearer", api_key="hunter2", headers=(("x", "hunter2"),)
    )
    assert "hunter2" not in repr(
        Config(server=Server(admin_token="hunter2"), providers=(provider,))
    )
