"""What keeps the contract of the pack json-parser, and what breaks it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from typing import Any


def _refuse(word: str) -> None:
    raise ValueError(word)


def right(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse)


def _takes_what_is_no_number(text: str) -> Any:
    return json.loads(text)


def _reads_python(text: str) -> Any:
    plain = re.sub(r"\btrue\b", "True", re.sub(r"\bfalse\b", "False", text))
    return ast.literal_eval(plain.replace("null", "None").strip())


def _takes_commas_at_the_end(text: str) -> Any:
    return right(re.sub(r",\s*([\]}])", r"\1", text))


def _passes_the_rest_over(text: str) -> Any:
    return json.JSONDecoder(parse_constant=_refuse).raw_decode(text.strip())[0]


WRONG: list[Callable[..., Any]] = [
    _takes_what_is_no_number,
    _reads_python,
    _takes_commas_at_the_end,
    _passes_the_rest_over,
]
