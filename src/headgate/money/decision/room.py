"""Decides what fits into a model's window: the longest prompt, so many chunks, so many turns.

Rule 1: a request is judged at its longest, not at its mean: one that does not fit fails whole.
Rule 2: output and thinking need room too; a part of the window stays free, because counts of
tokens before the call are estimates.
Rule 3: a window nobody knows fits nothing and refuses nothing: it is said to be unknown.
"""

from __future__ import annotations

from typing import NamedTuple

RESERVE = 0.05
"""of the window: estimates of tokens are off by about so much"""


class Prompt(NamedTuple):
    """What a request holds, in tokens."""

    fixed: int = 0
    """system prompt, tools, examples: in every request"""
    longest: int = 0
    """the longest whole input there is; 0: the parts tell"""
    output: int = 0
    """the longest answer, thinking included"""
    chunk: int = 0
    """one retrieved chunk; 0: nothing is retrieved"""
    chunks: int = 0
    """how many are wanted in one request"""
    turn: int = 0
    """question and answer of one turn; 0: there is one turn"""
    turns: int = 0
    """how many a conversation should hold"""
    document: int = 0
    """the longest document that is read whole; 0: none is"""


class Room(NamedTuple):
    """What of it fits one model."""

    window: int
    """0: unknown"""
    needed: int
    free: int
    """what is left beside the fixed part, the answer and the reserve; never below 0"""
    fits: bool | None
    """None: the window is unknown"""
    chunks: int
    """so many fit into one request; 0: none are asked for, or none fit"""
    turns: int
    """so many fit into one conversation"""
    must_cut: bool
    """the longest document has to be taken in pieces"""
    why: str
    """what does not fit; empty: nothing"""


def fit(prompt: Prompt, window: int | None, max_output: int | None) -> Room:
    """How a prompt fits a model."""
    needed = _needed(prompt)
    if not window:
        return Room(0, needed, 0, None, 0, 0, must_cut=False, why="its window is not known")
    usable = int(window * (1 - RESERVE))
    free = max(0, usable - prompt.fixed - prompt.output)
    chunks = free // prompt.chunk if prompt.chunk else 0
    turns = free // prompt.turn if prompt.turn else 0
    reasons = [
        _too_long(needed, usable, window),
        _too_much_said(prompt.output, max_output),
        _too_few(prompt.chunks, chunks, "chunks fit into one request"),
        _too_few(prompt.turns, turns, "turns fit into one conversation"),
    ]
    why = "; ".join(filter(None, reasons))
    cut = prompt.document > free
    return Room(window, needed, free, not why, chunks, turns, must_cut=cut, why=why)


def _needed(prompt: Prompt) -> int:
    inside = max(prompt.chunk * prompt.chunks, 0) + prompt.turn * prompt.turns
    return max(prompt.longest, prompt.fixed + inside) + prompt.output


def _too_long(needed: int, usable: int, window: int) -> str:
    if needed <= usable:
        return ""
    return (
        f"the longest request needs {needed:,} tokens, and {usable:,} of its {window:,} may be"
        " counted on"
    )


def _too_much_said(output: int, max_output: int | None) -> str:
    if not max_output or output <= max_output:
        return ""
    return f"the longest answer has {output:,} tokens, and it writes {max_output:,} at most"


def _too_few(wanted: int, there: int, what: str) -> str:
    return f"{there:,} of {wanted:,} {what}" if wanted > there else ""
