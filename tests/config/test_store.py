"""[store]: where what processes share is kept."""

from __future__ import annotations

import pytest

from headgate.config import ConfigError, describe, load, load_places
from headgate.config.model import Store

ENV = {
    "DATABASE_URL": "postgresql://ann:hush@db.example/gate",
    "REDIS_URL": "redis://:hush@cache.example:6379/0",
    "PAGE": "https://hush@example.com",
}
URL = '[store]\nurl = "env:DATABASE_URL"\n'


def test_without_it_the_ledgers_file_is_the_store() -> None:
    assert load("", {}, source="x").store == Store()


def test_both_addresses_are_read_from_the_environment_and_never_shown() -> None:
    config = load(URL + 'redis = "env:REDIS_URL"\n', ENV, source="x")
    assert config.store == Store(ENV["DATABASE_URL"], ENV["REDIS_URL"])
    assert "hush" not in repr(config)
    told = describe(config)["store"]
    assert isinstance(told, dict)
    assert (told["url"], told["redis"]) == ("***", "***")
    assert "hush" not in str(describe(config))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[store]\nurl = "postgresql://ann:hush@db/gate"', "a secret does not belong"),
        ('[store]\nurl = "env:PAGE"', "must begin with postgresql://"),
        ('[store]\nurl = "env:NOBODY"', "no variable NOBODY"),
        ('[store]\nredis = "env:REDIS_URL"', "needs url beside it"),
        (URL + 'redis = "env:PAGE"', "must begin with redis://"),
        (URL + 'file = "x"', "unknown key 'file'"),
    ],
)
def test_what_cannot_be_an_address_is_refused_without_showing_it(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        load(text, ENV, source="x")
    assert "hush" not in str(caught.value)


def test_a_file_that_is_named_beside_a_server_is_said_to_be_unused() -> None:
    config = load(URL + '[ledger]\npath = "x.db"\n', ENV, source="x")
    assert any("ledger.path is not used" in note for note in config.notes)


def test_commands_find_the_store_without_any_other_secret(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("config") / "headgate.toml"
    path.write_text(URL + 'redis = "env:NOT_SET"\n[server]\nadmin_token = "env:NOT_SET"\n')
    assert load_places(path, ENV).store == Store(url=ENV["DATABASE_URL"])
