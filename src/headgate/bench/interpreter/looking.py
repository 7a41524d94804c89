"""Looks at charts: blocks of colour, how tall they are, how much of the area is whose.

Rule 1: edges of shapes are mixtures: a colour is what lies near it in every channel.
Rule 2: of words it is seen that they are there, not what they say: fonts differ.
Rule 3: a picture of one colour, or with next to nothing drawn, is blank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from headgate.bench.interpreter import png
from headgate.bench.interpreter.workload import Along, Labels, Picture

NEAR = 10
"""of 255, in a channel"""
THIN = 3
"""pixels of a colour in a row or column, below which it is an edge or a letter"""
INK = 0.002
"""of all pixels: less drawn than this is blank"""


def wrong_with(wanted: Picture, data: bytes) -> str:
    """What a chart lacks; empty: nothing."""
    try:
        seen = png.read(data)
    except png.BadPicture as error:
        return f"{wanted.file}: {error}"
    them = chain(_complaints(wanted, seen), _unlabelled(wanted, seen))
    return next((f"{wanted.file}: {it}" for it in them), "")


def _complaints(wanted: Picture, seen: png.Picture) -> Iterator[str]:
    if (seen.width, seen.height) != (wanted.width, wanted.height):
        yield f"{seen.width} by {seen.height} pixels, not {wanted.width} by {wanted.height}"
    counts = Counter(pixel for row in seen.rows for pixel in row)
    ground = counts.most_common(1)[0][1]
    if counts.total() - ground < INK * counts.total():
        yield "it is blank"
    for it in wanted.blocks:
        found = len(lengths(seen, _near(counts, it.colour), it.along))
        if found != it.count:
            yield f"{found} blocks of {it.colour} along {it.along}, not {it.count}"
    for want in wanted.heights:
        tall = lengths(seen, _near(counts, want.colour), want.along)
        if complaint := _uneven(tall, want.values, want.absolute):
            yield f"{want.colour}: {complaint}"
    for part in wanted.shares:
        areas = {it: sum(counts[at] for at in _near(counts, it)) for it in part.among}
        share = areas.get(part.colour, 0) / (sum(areas.values()) or 1)
        if abs(share - part.number) > part.absolute:
            yield f"{part.colour} has {share:.3f} of the area, not {part.number:.3f}"


def _unlabelled(wanted: Picture, seen: png.Picture) -> Iterator[str]:
    for edge in wanted.labels:
        ink = _ink(seen, edge)
        if ink < edge.ink:
            yield f"no labels {edge.side}: {ink} pixels of them, not {edge.ink}"


def _ink(seen: png.Picture, edge: Labels) -> int:
    """How many pixels of a strip are not of the ground, which is that of a corner."""
    ground, rows = seen.rows[0][0], seen.rows
    if edge.side == "left":
        return sum(pixel != ground for row in rows for pixel in row[: edge.depth])
    strip = rows[: edge.depth] if edge.side == "above" else rows[-edge.depth :]
    return sum(pixel != ground for row in strip for pixel in row)


def _near(counts: Counter[int], colour: str) -> set[int]:
    """The colours of a picture that are as good as this one."""
    wanted = _channels(int(colour.removeprefix("#"), 16))
    return {
        it
        for it in counts
        if all(abs(a - b) <= NEAR for a, b in zip(_channels(it), wanted, strict=True))
    }


def _channels(colour: int) -> tuple[int, int, int]:
    return colour >> 16, colour >> 8 & 255, colour & 255


def lengths(seen: png.Picture, colours: set[int], along: Along) -> list[int]:
    """Of each block along an axis: how far it reaches across that axis, in pixels."""
    lines = zip(*seen.rows, strict=True) if along == "x" else iter(seen.rows)
    found: list[int] = []
    inside = False
    for line in lines:
        count = sum(1 for pixel in line if pixel in colours)
        if count < THIN:
            inside = False
            continue
        if inside:
            found[-1] = max(found[-1], count)
        else:
            found.append(count)
        inside = True
    return found


def _uneven(tall: Sequence[int], values: Sequence[float], absolute: float) -> str:
    if len(tall) != len(values):
        return f"{len(tall)} blocks, not {len(values)}"
    most, largest = max(tall), max(values)
    for at, (one, value) in enumerate(zip(tall, values, strict=True), 1):
        if abs(one / most - value / largest) > absolute:
            return f"block {at} is {one / most:.3f} of the tallest, not {value / largest:.3f}"
    return ""
