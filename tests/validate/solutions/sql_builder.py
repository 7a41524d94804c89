"""What keeps the contract of the pack sql-builder, and what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PLAIN = (str, int, float, bool)


def _quoted(name: Any) -> str:
    if not isinstance(name, str) or not name or "\0" in name:
        raise ValueError("a name is asked for")
    return '"' + name.replace('"', '""') + '"'


def _condition(name: str, value: Any, params: list[Any]) -> str:
    if value is None:
        return f"{_quoted(name)} IS NULL"
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(it, PLAIN) for it in values):
        raise TypeError("plain values are asked for")
    params += values
    if isinstance(value, list):
        marks = ", ".join("?" * len(value))
        return f"{_quoted(name)} IN ({marks})" if value else "1 = 0"
    return f"{_quoted(name)} = ?"


def right(
    table: str, columns: list[str], where: dict[str, Any], order: list[str], limit: int | None
) -> dict[str, Any]:
    params: list[Any] = []
    names = ", ".join(map(_quoted, columns)) or "*"
    sql = " ".join(("SELECT", names, "FROM", _quoted(table)))
    if where:
        sql += " WHERE " + " AND ".join(_condition(*it, params) for it in where.items())
    if order:
        parts = [
            f"{_quoted(it.removeprefix('-'))}{' DESC' if it.startswith('-') else ''}"
            for it in order
        ]
        sql += " ORDER BY " + ", ".join(parts)
    if limit is not None:
        if type(limit) is not int or limit < 0:
            raise ValueError(limit)
        sql += " LIMIT ?"
        params.append(limit)
    return {"sql": sql, "params": params}


def _puts_values_into_the_text(
    table: str, columns: list[str], where: dict[str, Any], order: list[str], limit: int | None
) -> dict[str, Any]:
    made = right(table, columns, where, order, limit)
    for it in made["params"]:
        made["sql"] = made["sql"].replace("?", f"'{it}'" if isinstance(it, str) else str(it), 1)
    return {"sql": made["sql"], "params": []}


def _trusts_names(
    table: str, columns: list[str], where: dict[str, Any], order: list[str], limit: int | None
) -> dict[str, Any]:
    made = right(table, columns, where, order, limit)
    return {**made, "sql": made["sql"].replace('""', '"')}


def _compares_with_null(
    table: str, columns: list[str], where: dict[str, Any], order: list[str], limit: int | None
) -> dict[str, Any]:
    made = right(table, columns, where, order, limit)
    return {**made, "sql": made["sql"].replace(" IS NULL", " = NULL")}


def _takes_an_empty_list_for_all(
    table: str, columns: list[str], where: dict[str, Any], order: list[str], limit: int | None
) -> dict[str, Any]:
    some = {name: it for name, it in where.items() if it != []}
    return right(table, columns, some, order, limit)


def _takes_zero_for_no_limit(
    table: str, columns: list[str], where: dict[str, Any], order: list[str], limit: int | None
) -> dict[str, Any]:
    return right(table, columns, where, order, limit or None)


WRONG: list[Callable[..., Any]] = [
    _puts_values_into_the_text,
    _trusts_names,
    _compares_with_null,
    _takes_an_empty_list_for_all,
    _takes_zero_for_no_limit,
]
