"""Says how each parameter and result of a Rust function crosses: as data, object or callback.

Rule 1: data is what our own traits rebuild; a type with more in it stays with the code.
Rule 2: what crosses in no way is said in words; nothing is judged in a weaker way.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from headgate.sandbox.verdict import rustbounds, rustorder
from headgate.sandbox.verdict.rustbounds import CALLED, ERROR, Callback, Lent, called_by
from headgate.sandbox.verdict.rustcode import Code, Generic, stem
from headgate.sandbox.verdict.shapes import closing

NAMED = frozenset([
    "bool", "char", "str", "String", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16",
    "i32", "i64", "i128", "isize", "f32", "f64", "Vec", "Option", "Result", "Box", "HashMap",
    "HashSet", "BTreeMap", "BTreeSet", "BinaryHeap", "VecDeque", "Duration", "Ordering",
    "Reverse", "PhantomData", "Cow", "Range", "ParseIntError", "ParseFloatError", "std",
    "collections", "string", "vec", "option", "result", "boxed", "time", "cmp", "marker",
    "borrow", "num", "ops", "mut", "static", "Self", "IntoIter", "Iter", "slice",
])  # fmt: skip
SHARING = frozenset(["Rc", "Arc", "rc", "sync"])
"""what crosses as what it points to, or stays the same object where that stays"""
DERIVED = ("Debug", "Clone", "Copy", "PartialEq", "Eq", "PartialOrd", "Ord", "Hash", "Default")
"""what the compiler derives from data alone: nothing of the code is in it"""
_SET = re.compile(r"\]\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)")
_CELL = re.compile(
    r"\b(Rc|Arc)\s*<\s*(?:[\w:]*::)?(?:((?:RefCell|Mutex|RwLock|Cell)\s*<)|Atomic\w+\s*>)"
)
_ARRANGED = re.compile(r"\b(?:BinaryHeap|(?:BTree|Hash)(?:Map|Set))\s*<(.*)>")


class Way(NamedTuple):
    """How a parameter crosses."""

    how: str
    """data, callback, trait, or made: another type is made of it on this side"""
    lends: str
    """"", "&" or "&mut ": how the code takes it"""
    of: str
    """of data its type; of a trait its name; of made the type that is made"""
    callback: Callback | None = None
    is_boxed: bool = False
    stays: bool = False
    """an object behind a trait that may be called after the call that lent it"""


class Kinds:
    """What is known of the types of one file."""

    def __init__(self, code: Code, tests: str = "", text: str = "") -> None:
        self.code = code
        self.tests = tests
        self.constants = {name for name, _ in code.constants}
        spawns, waits = (re.compile(rf"\b(?:{it})\b") for it in ("spawn|scope", "join|scope"))
        is_left = bool(spawns.search(text)) and not waits.search(text)
        self.is_at_once = bool(spawns.search(tests)) or is_left
        self.lent: dict[str, tuple[Lent, tuple[str, ...]]] = {}
        """by how it is written: what is lent in signatures, and its type parameters"""
        self.opened = {it for it in code.types if self._is_opened(it, tests)}
        self.data = set(code.types) - self.opened
        while True:
            odd = {it for it in self.data if not self._is_data(it)}
            if not odd:
                break
            self.data -= odd

    def _is_opened(self, name: str, tests: str) -> bool:
        """Whether tests change what stands inside of it, and see no more than it shows."""
        own = [it for it in self.code.blocks if stem(it.owner) == name]
        named = [f for it in own for f in it.functions if re.search(rf"\.{f.name}\b", tests)]
        inside = any(
            f.takes == "&mut" and rustbounds.changed(f.result)[1] not in ("", "Self")
            for f in named
        )
        has_places = any(stem(it.trait) == "IndexMut" for it in own)
        inside = inside or (has_places and bool(_SET.search(tests)))
        return inside and not rustorder.is_taken_apart(self.code.types[name], tests)

    def _is_data(self, name: str) -> bool:
        it = self.code.types[name]
        params = frozenset(param.name for param in it.generics)
        has_bounds = any(CALLED.search(param.bounds) or self._trait(param.bounds)
                         for param in it.generics)  # fmt: skip
        shares = bool(self.tests) and rustorder.is_taken_apart(it, self.tests)
        shares = shares and not any("Arc" in kind for kind in it.fields)
        has_drop = any(it.trait.endswith("Drop") and stem(it.owner) == name
                       for it in self.code.blocks)  # fmt: skip
        return (
            not has_bounds
            and not has_drop
            and not any(self._is_arranged(kind) for kind in it.fields)
            and all(
                not self.closed(kind, params, held=False, shares=shares) and "&mut" not in kind
                for kind in it.fields
            )
        )

    def _is_arranged(self, kind: str) -> bool:
        """A collection that the code arranges in an order of its own: it alone can build it."""
        match = _ARRANGED.search(kind)
        inner = set(re.findall(r"\w+", match[1])) if match else set()
        return any(
            stem(it.trait) in ("Ord", "PartialOrd", "Hash") and stem(it.owner) in inner
            for it in self.code.blocks
        )

    def holds_data(self, name: str) -> bool:
        """Whether an object that stays holds nothing but data."""
        it = self.code.types[name]
        return name in self.opened and not any(
            self.closed(kind, frozenset(), held=False) or "&" in kind for kind in it.fields
        )

    def is_held(self, name: str) -> bool:
        return name in self.code.types and name not in self.data

    def closed(
        self, kind: str, params: frozenset[str], *, held: bool = True, shares: bool = False
    ) -> str:
        """Why values of a type cannot cross; "" if they can."""
        kind, why = self._without_lent(kind, params, held=held)
        if not why and (held or shares):
            kind, why = self._without_cells(kind, params)
        if why:
            return why
        kind = re.sub(r"\b(?:std::)?fmt::Result\b", "Result<(), String>", kind)
        plain = ERROR.sub("String", re.sub(r"\b(?:std::)?(?:fmt|io)::Error\b", "String", kind))
        if re.search(r"\bfn\s*\(", plain):
            return f"{kind} points to a function: have the code take a closure"
        for word in re.findall(r"'?\w+", plain):
            if (held or shares) and word in SHARING:
                continue
            own = word in self.data or (held and self.is_held(word))
            alias = next((it for it in self.code.aliases if stem(it) == word), "")
            if alias and word not in params:
                inner = frozenset([word]) | frozenset(
                    re.findall(r"\w+", alias.partition("<")[2])
                )
                if self.closed(self.code.aliases[alias], params | inner, held=held):
                    return f"{word} is no plain data"
            elif not (alias or own or word[0] == "'" or word.isdigit()
                      or word in NAMED | self.constants | params):  # fmt: skip
                return f"{word} is no plain data"
        return ""

    def _without_cells(self, kind: str, params: frozenset[str]) -> tuple[str, str]:
        """The type with u8 for what both sides share and change, and why that cannot be."""
        for it in reversed(list(_CELL.finditer(kind))):
            end = it.end()
            if it[2]:
                opened = kind.index("<", it.start(2))
                inner = closing(kind, opened)
                why = self.closed(kind[opened + 1 : inner], params, held=False, shares=True)
                if why:
                    return kind, why
                end = closing(kind, kind.index("<", it.start())) + 1
            if it[1] == "Arc" and self.is_at_once:
                return kind, (
                    f"{kind[it.start() : end]} is changed by threads of one side while the "
                    "other looks at it; have the code take a closure instead"
                )
            kind = f"{kind[: it.start()]}u8{kind[end:]}"
        return kind, ""

    def _without_lent(
        self, kind: str, params: frozenset[str], *, held: bool
    ) -> tuple[str, str]:
        """The type with u8 for what is lent, and why that cannot be."""
        for start, end, it in reversed(rustbounds.found(kind, self.code.traits)):
            written = kind[start:end]
            if it is None or not held:
                return kind, f"{written} is no plain data"
            pieces = [*it.of.args, it.of.result] if it.of else [it.item] if it.item else [
                piece for f in self.code.traits[it.trait].functions
                for piece in (*(kind for _, kind in f.params), f.result)
            ]  # fmt: skip
            key = it.written()
            if key not in self.lent:
                named = tuple(sorted(params & set(re.findall(r"\w+", key))))
                self.lent[key] = it, named
                why = next((why for piece in pieces if (why := self.closed(piece, params))), "")
                if why:
                    del self.lent[key]
                    return kind, why
            kind = f"{kind[:start]}u8{kind[end:]}"
        return kind, ""

    def _trait(self, bounds: str) -> str:
        """The code's own trait that bounds ask for."""
        for it in re.findall(r"\w+", bounds):
            if it in self.code.traits:
                return it if self.code.traits[it].is_plain else ""
        return ""

    def way(self, kind: str, generics: tuple[Generic, ...]) -> Way | str:
        """How a parameter of this type crosses, or why it cannot."""
        plain = re.sub(r"&\s*'\w+\s*", "&", kind).strip()
        match = re.match(r"&\s*(mut\s+)?", plain)
        lends = "" if match is None else "&mut " if match[1] else "&"
        inner = plain[match.end() :] if match else plain
        boxed = re.fullmatch(r"Box\s*<\s*dyn\s+(.*)>", inner)
        bounds = boxed[1] if boxed else ""
        known = next((it for it in generics if it.name == inner), None)
        if known:
            bounds = known.bounds
        elif not boxed and re.match(r"(\(\s*)?(impl|dyn)\s", inner):
            bounds = (
                re.sub(r"^\(?\s*(impl|dyn)\s+", "", inner).rstrip(")")
                if inner[0] == "("
                else inner.partition(" ")[2]
            )
        is_error = re.search(r"\bError\b", bounds) and not CALLED.search(bounds)
        if bounds and not is_error:
            found = self._bounded(bounds, lends, bool(boxed))
            if found:
                return found
        params = frozenset(it.name for it in generics)
        if known is None and bounds and not boxed:
            return f"{kind} is no plain data"
        why = self.closed(plain, params)
        if not why and "&" in inner and "&mut" in inner:
            why = "it lends what can be changed inside of a value"
        return why or Way("data", lends, inner)

    def _bounded(self, bounds: str, lends: str, boxed: bool) -> Way | None:
        called = called_by(bounds)
        if called:
            stays = called.stays or boxed
            return Way("callback", lends, "", called._replace(stays=stays), boxed)
        trait = self._trait(bounds)
        if trait:
            return Way("trait", lends, trait, None, boxed, boxed or "'static" in bounds)
        made = _made(bounds)
        return Way("made", lends, made) if made else None


def _made(bounds: str) -> str:
    """The type that is made here of a parameter which only has to become one."""
    for pattern in (r"\bInto<(.+)>", r"\b(?:Into)?Iterator<\s*Item\s*=\s*(.+)>"):
        match = re.search(pattern, bounds)
        if match:
            is_list = "Iter" in pattern
            return f"Vec<{match[1]}>" if is_list else match[1]
    if re.search(r"\bAsRef<str>", bounds):
        return "AsRef"
    if re.search(r"\b(Display|ToString)\b", bounds):
        return "Display"
    if re.search(r"\b(Buf)?Read\b", bounds):
        return "Read"
    if re.search(r"\bfmt::Write\b", bounds):
        return "Text"
    return "Write" if re.search(r"\bWrite\b", bounds) else ""


def owned(kind: str) -> str:
    """What is taken out of a message to stand behind a parameter of this type."""
    kind = re.sub(r"'\w+\s*", "", kind)
    bare = re.sub(r"^&\s*(mut\s+)?", "", kind).strip()
    if bare == "str" and kind[0] == "&":
        return "String"
    if bare.startswith("[") and kind.startswith("&") and ";" not in bare:
        return f"Vec<{forever(bare[1:-1])}>"
    return forever(bare)


def forever(kind: str) -> str:
    """The same type with references that never end, but for what a closure is told."""
    told: list[str] = []

    def aside(match: re.Match[str]) -> str:
        told.append(re.sub(r"'\w+\s*", "", match[0]))
        return f"({len(told) - 1}#)"

    kind = re.sub(r"(?<=Fn|ce|ut)\([^()]*\)", aside, kind)
    kind = re.sub(r"<\s*'\w+\s*>", "", kind)
    kind = re.sub(r"<\s*'\w+\s*,\s*", "<", kind)
    kind = re.sub(r"'\w+\s*", "", kind)
    kind = re.sub(r"&\s*", "&'static ", re.sub(r"\s*\+\s*(?=[>,)]|$)", "", kind))
    return re.sub(r"\((\d+)#\)", lambda it: told[int(it[1])], kind)


def is_instance(it: Generic, kinds: Kinds) -> bool:
    """Whether tests decide it, and it crosses as data."""
    bounds = it.bounds
    is_made = _made(bounds) and not it.is_within
    return not (CALLED.search(bounds) or kinds._trait(bounds) or is_made)
