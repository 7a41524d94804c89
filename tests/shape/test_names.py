"""Names say what a thing is: words that mean "I have no idea of my own yet" are refused."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from tests.shape.tree import SRC, everything, functions, modules, nodes, refuse

FORBIDDEN = {
    *("manager", "factory", "service", "handler", "handlers", "impl"),
    *("helper", "helpers", "util", "utils", "base", "common", "misc"),
}

NOT_OURS = {
    "base_url": "what every SDK and client calls the setting",
    "service_tier": "a field of both vendors' wires",
    "tmp_path_factory": "pytest's fixture",
    "protocol_factory": "asyncio's argument",
    "row_factory": "sqlite3's attribute",
}

VERBLESS = ("get_", "process_", "handle_")

ASKED_BY_OTHERS = {
    "get_command": "click calls it",
    "get_extra_info": "asyncio calls it on transports",
    "get_write_buffer_size": "asyncio calls it on transports",
    "get_loop": "asyncio calls it",
    "get_name": "asyncio calls it on tasks",
}


def words(name: str) -> list[str]:
    """`HTTPConnection_pool2` -> http, connection, pool2."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [word for word in spaced.lower().split("_") if word]


def given_names(path: Path) -> Iterator[tuple[str, int]]:
    """Every name the file itself gives: what it imports was named by somebody else."""
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno


@functools.cache
def refused(name: str) -> bool:
    own = name.lower()
    for phrase in NOT_OURS:
        own = own.replace(phrase, "")
    return not FORBIDDEN.isdisjoint(words(own if own != name.lower() else name))


def test_words_are_found_in_every_style_of_name() -> None:
    assert words("HTTPConnection_pool2") == ["http", "connection", "pool2"]
    assert refused("PoolManager")
    assert refused("log_handler")
    assert not refused("base_url")
    assert not refused("base64")
    assert not refused("database")


def without_meaning(path: Path) -> str:
    found = [f"line {line}: {name}" for name, line in given_names(path) if refused(name)]
    if refused(path.stem):
        found.append(f"the file itself: {path.name}")
    return "rename by what it is or does: " + ", ".join(found) if found else ""


def without_verb(path: Path) -> str:
    found = [
        f"line {node.lineno}: {node.name}"
        for node in functions(path)
        if node.name.startswith(VERBLESS) and node.name not in ASKED_BY_OTHERS
    ]
    return "say what it does: " + ", ".join(found) if found else ""


def test_no_name_uses_a_word_without_meaning() -> None:
    refuse(everything(), without_meaning)


def test_functions_are_named_by_a_real_verb() -> None:
    refuse(modules(SRC), without_verb)


def test_a_name_without_meaning_is_found(tmp_path: Path) -> None:
    bad = tmp_path / "pool.py"
    bad.write_text("class PoolManager:\n    def get_it(self, helper):\n        return helper\n")
    assert "PoolManager" in without_meaning(bad)
    assert "helper" in without_meaning(bad)
    assert "get_it" in without_verb(bad)
