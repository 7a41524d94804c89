"""What keeps the contract of the pack pagination, and what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def right(total: int, page: int, size: int) -> dict[str, int | None]:
    if not all(type(it) is int for it in (total, page, size)):
        raise TypeError("whole numbers are asked for")
    pages = -(-total // size) if size > 0 else 0
    if total < 0 or page < 1 or size < 1 or page > max(pages, 1):
        raise ValueError(page)
    return {
        "first": (page - 1) * size + 1 if total else 0,
        "last": min(page * size, total),
        "pages": pages,
        "previous": page - 1 if page > 1 else None,
        "next": page + 1 if page < pages else None,
    }


def _has_one_page_too_many(total: int, page: int, size: int) -> dict[str, int | None]:
    pages = total // size + 1
    return {**right(total, page, size), "pages": pages}


def _ends_beyond_the_last(total: int, page: int, size: int) -> dict[str, int | None]:
    return {**right(total, page, size), "last": page * size}


def _takes_any_page(total: int, page: int, size: int) -> dict[str, int | None]:
    pages = -(-total // size)
    return right(total, min(max(page, 1), max(pages, 1)), size)


def _begins_at_one_where_nothing_is(total: int, page: int, size: int) -> dict[str, int | None]:
    return {**right(total, page, size), "first": (page - 1) * size + 1}


def _always_has_a_next(total: int, page: int, size: int) -> dict[str, int | None]:
    return {**right(total, page, size), "next": page + 1}


WRONG: list[Callable[..., Any]] = [
    _has_one_page_too_many,
    _ends_beyond_the_last,
    _takes_any_page,
    _begins_at_one_where_nothing_is,
    _always_has_a_next,
]
