"""Writes the tables of the reference pages: Markdown, a row a line.

Rule 1: a bar within a cell is escaped, or it would begin another cell; a line break is a space.
"""

from __future__ import annotations


def header(*names: str) -> list[str]:
    """The names of the columns, and the line below them."""
    return [row(*names), "|" + "---|" * len(names)]


def row(*cells: str) -> str:
    told = (" ".join(cell.split("\n")).replace("|", r"\|") for cell in cells)
    return "| " + " | ".join(told) + " |"
