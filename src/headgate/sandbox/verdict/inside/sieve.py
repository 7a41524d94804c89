"""Lets through of R's serialized values those that hold data alone, and whole.

Rule 1: no closure, environment, promise, call or pointer passes, whatever claims to need one.
Rule 2: names, dimensions and levels fit the values they belong to: nothing reads beyond them.
"""

from __future__ import annotations

import struct

NIL, SYMBOL, PAIRS, CHARS, LOGICAL, INTEGER, REAL, COMPLEX, STRINGS, LIST, RAW, AGAIN = (
    254, 1, 2, 9, 10, 13, 14, 15, 16, 19, 24, 255,
)  # fmt: skip
WIDE = {LOGICAL: 4, INTEGER: 4, REAL: 8, COMPLEX: 16, RAW: 1}
HEAD = b"X\n\x00\x00\x00\x02"
DEEPEST = 200
NA = -(1 << 31)


class Foul(Exception):
    """A value that is more than data, or less."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.symbols, self.deep = data, 0, [""], 0

    def take(self, size: int) -> bytes:
        part = self.data[self.at : self.at + size]
        if size < 0 or len(part) != size:
            raise Foul("a value that ends too early")
        self.at += size
        return part

    def number(self) -> int:
        return int(struct.unpack(">i", self.take(4))[0])

    def value(self) -> tuple[int, int, list[object]]:
        """Its kind, its length, and of integers and texts what they hold."""
        self.deep += 1
        if self.deep > DEEPEST:
            raise Foul("a value nested too deeply")
        flags = self.number()
        kind, has_attributes = flags & 255, bool(flags & 512)
        if kind == NIL:
            found: tuple[int, int, list[object]] = (NIL, 0, [])
        elif kind in (LIST, STRINGS):
            size = self.number()
            inner = [self.value() for _ in range(self._sane(size))]
            if kind == STRINGS and any(it[0] != CHARS for it in inner):
                raise Foul("a text that is none")
            found = (kind, size, [it[2][0] for it in inner] if kind == STRINGS else [])
        elif kind == CHARS:
            size = self.number()
            found = (CHARS, 1, [self.take(size) if size >= 0 else None])
        elif kind in WIDE:
            size = self._sane(self.number())
            part = self.take(size * WIDE[kind])
            found = (
                kind,
                size,
                list(struct.unpack(f">{size}i", part)) if kind == INTEGER else [],
            )
        else:
            raise Foul("a value that is no data")
        if has_attributes and kind != CHARS:
            self._attributes(found)
        self.deep -= 1
        return found

    def _sane(self, size: int) -> int:
        if size < 0 or size > len(self.data):
            raise Foul("a value larger than was sent")
        return size

    def _attributes(self, owner: tuple[int, int, list[object]]) -> None:
        while True:
            flags = self.number()
            if flags & 255 == NIL:
                return
            if flags & 255 != PAIRS or not flags & 1024 or flags & 512:
                raise Foul("attributes that are none")
            name, value = self._symbol(), self.value()
            self._fits(name, value, owner)

    def _symbol(self) -> str:
        flags = self.number()
        if flags & 255 == AGAIN:
            place = flags >> 8 or self.number()
            if not 0 < place < len(self.symbols):
                raise Foul("a name that was never given")
            return self.symbols[place]
        if flags != SYMBOL:
            raise Foul("a name that is none")
        kind, _, text = self.value()
        if kind != CHARS or not isinstance(text[0], bytes):
            raise Foul("a name that is none")
        self.symbols.append(text[0].decode("utf-8", "replace"))
        return self.symbols[-1]

    def _fits(
        self,
        name: str,
        value: tuple[int, int, list[object]],
        owner: tuple[int, int, list[object]],
    ) -> None:
        kind, size, held = value
        product = 1
        for it in held if kind == INTEGER else []:
            product *= it if isinstance(it, int) and it >= 0 else -1
        codes = [it for it in owner[2] if owner[0] == INTEGER and isinstance(it, int)]
        fits = {
            "names": kind == STRINGS and size == owner[1],
            "dim": kind == INTEGER and size > 0 and product == owner[1],
            "dimnames": kind == LIST,
            "class": kind == STRINGS and size > 0,
            "levels": kind == STRINGS and owner[0] == INTEGER
            and all(it == NA or 1 <= it <= size for it in codes),
            "row.names": kind in (INTEGER, STRINGS),
            "tsp": kind == REAL and size == 3,
        }.get(name, True)  # fmt: skip
        if not fits:
            raise Foul(f"a value whose {name} do not fit")


def sift(data: bytes) -> None:
    """Raises Foul unless the whole is one value of data, as serialize(version = 2) says it."""
    if not data.startswith(HEAD):
        raise Foul("no value at all")
    reader = _Reader(data)
    reader.at = 14
    reader.value()
    if reader.at != len(data):
        raise Foul("more than one value")
