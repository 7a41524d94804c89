"""What keeps the contract of the pack http-retry, and what breaks it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any


def right(status: int, headers: dict[str, str], attempt: int) -> float | None:
    if status not in (408, 425, 429, 500, 502, 503, 504) or attempt >= 5:
        return None
    told = next((it for name, it in headers.items() if name.lower() == "retry-after"), "")
    if re.fullmatch(r"[0-9]+", told):
        return int(told) if int(told) <= 60 else None
    return float(min(8, 0.5 * 2 ** (attempt - 1)))


def _tries_every_error_again(status: int, headers: dict[str, str], attempt: int) -> Any:
    return right(503 if status >= 500 else status, headers, attempt)


def _minds_the_case_of_names(status: int, headers: dict[str, str], attempt: int) -> Any:
    heard = {name: it for name, it in headers.items() if name == "Retry-After"}
    return right(status, heard, attempt)


def _waits_however_long(status: int, headers: dict[str, str], attempt: int) -> Any:
    told = headers.get("Retry-After", "")
    again = right(status, {}, attempt) is not None and told.isdigit()
    return int(told) if again else right(status, headers, attempt)


def _never_gives_up(status: int, headers: dict[str, str], attempt: int) -> Any:
    return right(status, headers, min(attempt, 4))


WRONG: list[Callable[..., Any]] = [
    _tries_every_error_again,
    _minds_the_case_of_names,
    _waits_however_long,
    _never_gives_up,
]
