"""Where a store on a server is, and that its password is nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.store.server import read_url
from headgate.store.sql import StoreError

URL = "postgresql://ann:s3cr%40t@db.example:5433/gate?sslmode=require"


def test_a_server_is_shown_without_its_password() -> None:
    server = read_url(URL)
    assert str(server) == "postgresql://ann@db.example:5433/gate"
    assert "s3cr" not in repr(server)
    assert server.url == URL


@pytest.mark.parametrize(
    "words",
    [
        f"could not parse {URL}",
        "password s3cr%40t is wrong",
        "password s3cr@t is wrong",
        "host=db password=s3cr@t dbname=gate",
        "host=db password='s3cr@t' dbname=gate",
    ],
)
def test_words_of_others_lose_the_password(words: str) -> None:
    told = read_url(URL).scrubbed(words)
    assert "s3cr" not in told
    assert told


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "must begin with postgresql://"),
        ("mysql://ann:hush@db/gate", "must begin with postgresql://"),
        ("postgresql://ann:hush@db", "names no database"),
        ("postgresql://ann:hush@db/", "names no database"),
        ("postgresql://ann:hush@db:port/gate", "is no URL"),
        ("postgresql://[ann:hush@db/gate", "is no URL"),
    ],
)
def test_what_names_no_database_is_refused_with_an_example(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        read_url(url)
    assert "postgresql://USER:PASSWORD@HOST" in caught.value.hint
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "rest",
    [
        "db:5432,standby:5433/gate?target_session_attrs=read-write",
        "[::1]:5432/gate",
        "/gate?host=/run/postgresql",
    ],
)
def test_several_hosts_addresses_and_sockets_can_be_named(rest: str) -> None:
    assert read_url(f"postgresql://ann:hush@{rest}").url.endswith(rest)


@given(st.text(min_size=6, alphabet=st.characters(categories=["Lu", "Nd"])))
def test_no_password_is_ever_shown(password: str) -> None:
    server = read_url(f"postgresql://ann:{password}@db/gate")
    assert password not in str(server)
    assert password not in server.scrubbed(f"it says {password}!")
