"""Recordings are found beside the ledger; where there are none it is said what to set."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.cli import Misuse
from headgate.cli.recorded import none_there, recordings, wanted
from headgate.store.recordings import NAME, Recordings, Wanted
from tests.bench.recordings import call

NOTHING = {"tag": "", "model": "", "key": "", "since": ""}


def test_they_lie_beside_the_ledger(tmp_path: Path) -> None:
    Recordings(tmp_path / NAME).write([call()], 1 << 30)
    with recordings(tmp_path / "headgate.db", None) as found:
        assert [it.id for it in found.find()] == ["req_1"]


def test_options_become_what_is_meant() -> None:
    assert wanted(("a",), NOTHING) == Wanted(ids=("a",))
    meant = wanted((), NOTHING | {"tag": "t", "since": "1h"})
    assert meant.tag == "t"
    assert meant.since_us > 0
    with pytest.raises(Misuse):
        wanted((), NOTHING | {"since": "yesterday or so"})


@pytest.mark.parametrize(
    ("text", "ids", "what", "hint"),
    [
        ("", ("x",), "call x is not recorded: recording is off", "[recording] enabled = true"),
        ("", (), "no call is recorded: recording is off", "[recording] enabled = true"),
        (
            '[recording]\nenabled = true\nmodels = ["*"]\n',
            ("x",),
            "call x is not recorded",
            "recordings list",
        ),
    ],
)
def test_where_there_is_none_it_is_said_what_would_help(
    tmp_path: Path, text: str, ids: tuple[str, ...], what: str, hint: str
) -> None:
    config = tmp_path / "headgate.toml"
    config.write_text(text)
    found = none_there(Recordings(tmp_path / NAME), Wanted(ids), str(config))
    assert str(found.message) == what
    assert hint in found.hint
