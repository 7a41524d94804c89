"""Line numbers in messages are right wherever they are given."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from headgate.config.lines import index_lines
from headgate.config.problem import join

TEXT = '''\
# a comment = not a key
[server]
port = 1

[providers.anthropic]
"api_key" = "env:X"  # [models]
headers = { a = "b" }
note = """
port = 2
[fake]
"""
[models."claude-*"]
ladder = [
  "anthropic",
]
[a.b . "c d"]
e.f = 1
'''


def test_each_key_and_table_is_found_on_its_line() -> None:
    assert index_lines(TEXT) == {
        "server": 2,
        "server.port": 3,
        "providers.anthropic": 5,
        "providers.anthropic.api_key": 6,
        "providers.anthropic.headers": 7,
        "providers.anthropic.note": 8,
        'models."claude-*"': 12,
        'models."claude-*".ladder': 13,
        'a.b."c d"': 16,
        'a.b."c d".e.f': 17,
    }


KEYS = st.text("ab-*.: ", min_size=1, max_size=6)


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, st.integers(0, 9), max_size=3), max_size=4))
def test_a_line_that_is_named_holds_the_key(tables: dict[str, dict[str, int]]) -> None:
    rows = []
    for table, pairs in tables.items():
        rows += [f"[{join('', table)}]", *(f"{join('', k)} = {v}" for k, v in pairs.items())]
    text = "\n".join(rows)
    assert tomllib.loads(text) == tables
    lines = index_lines(text)
    for table, pairs in tables.items():
        for key, value in pairs.items():
            path = join(join("", table), key)
            assert rows[lines[path] - 1] == f"{join('', key)} = {value}"
