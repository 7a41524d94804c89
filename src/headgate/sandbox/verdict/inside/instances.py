"""Finds which instances of generic code the built tests ask for, and writes what serves them.

Rule 1: the compiler of the tests has decided them; they are read from the names it left.
Rule 2: only types come of it: no value of a test is written into the code's program.
"""

from __future__ import annotations

import pathlib
import re
from typing import Any

_PAIRS = {b"[": b"]", b"<": b">"}


def write(late: dict[str, Any]) -> None:
    """Adds what serves the instances to a file of the code's."""
    data = pathlib.Path(late["binary"]).read_bytes()
    place = pathlib.Path(late["path"])
    place.write_text(LANGUAGES[late["language"]](data, late))


def _bracketed(data: bytes, at: int) -> str:
    """What stands in the brackets that open at `at`; "" if they do not close."""
    left, depth = data[at : at + 1], 0
    for place in range(at, min(at + 4000, len(data))):
        sign = data[place : place + 1]
        if sign == left:
            depth += 1
        elif sign == _PAIRS[left] and data[place - 1 : place] != b"-":
            depth -= 1
            if depth == 0:
                return data[at + 1 : place].decode("utf-8", "replace")
    return ""


def split(text: str) -> list[str]:
    """The pieces between commas that stand outside of all brackets."""
    pieces, depth, start = [], 0, 0
    for at, sign in enumerate(text):
        depth += sign in "([{<"
        depth -= sign in ")]}" or (sign == ">" and text[at - 1 : at] != "-")
        if sign == "," and depth == 0:
            pieces.append(text[start:at])
            start = at + 1
    return [it.strip() for it in (*pieces, text[start:]) if it.strip()]


def go(data: bytes, late: dict[str, Any]) -> str:
    generic: dict[str, list[list[str]]] = late["generic"]
    imports: set[str] = set()
    lines: list[str] = []
    own = b"|".join(re.escape(it.encode()) for it in late["own"])
    for match in re.finditer(rb"(?<![\w/.])(?:%s)\.\.dict\.(\w+)\[" % own, data):
        templates = generic.get(match[1].decode())
        text = _bracketed(data, match.end() - 1) if templates else ""
        kinds = [_of_go(it, late["own"], imports) for it in split(text)]
        if not kinds or any(it is None or "go.shape" in it for it in kinds):
            continue
        written = ", ".join(str(it) for it in kinds)
        named = ", ".join(f"hgOf[{it}]()" for it in kinds)
        for key, template in templates or []:
            lines.append(f'\thgAdd(hgKey("{key}", {named}), {template.replace("@", written)})')
    head = "".join(f'import "{it}"\n' for it in sorted(imports))
    body = "\n".join(dict.fromkeys(lines))
    return f"package main\n\n{head}\nfunc init() {{\n{body}\n}}\n"


def _of_go(text: str, own: list[str], imports: set[str]) -> str | None:
    """A type as Go writes it; None of one that a function of the tests keeps to itself."""
    for it in own:
        text = text.replace(f"{it}.", "")
    if re.search(r"(?<![\w.])[A-Za-z_]\w*\.\d", text):
        return None

    def short(match: re.Match[str]) -> str:
        imports.add(match[1])
        return f"{match[1].rpartition('/')[2]}."

    return re.sub(r"((?:[\w%-]+/)*[a-z]\w*)\.(?=[A-Z])", short, text)


def rust(data: bytes, late: dict[str, Any]) -> str:
    known = set(late["known"])
    arms: dict[str, None] = {}
    for match in re.finditer(rb"judge::hg_inst::(\w+)<", data):
        key, text = match[1].decode(), _bracketed(data, match.end() - 1)
        kinds = [_of_rust(it) for it in split(text[1:-1])]
        words = {word for it in kinds for word in re.findall(r"[A-Za-z_]\w*", it)}
        if key in late["keys"] and kinds and words <= known:
            called = f"hg_at_{key}::<{', '.join(kinds)}>(from, out)"
            arms[f'"judge::hg_inst::{key}<{text}>" => {called}'] = None
    body = ",\n".join([*arms, '_ => panic!("no {name} for these types")'])
    return (
        "#[allow(unused)]\nfn hg_perform_more(name: &str, from: &mut &[u8], out: &mut Vec<u8>) "
        "-> Option<()> {\nuse std::collections::*; use std::time::*;\n"
        f"match name {{\n{body}\n}}\n}}\n"
    )


def _of_rust(text: str) -> str:
    """A type by its last names, with references that never end; a number stands as a size."""
    text = re.sub(r"\[\(\); (\d+)\]", r"\1", text)
    return re.sub(r"&\s*", "&'static ", re.sub(r"(?:[a-z_]\w*::)+", "", text))


LANGUAGES: dict[str, Any] = {"go": go, "rust": rust}
