"""What decides the meaning of a text: its code, quotes, names, dates, numbers and words.

Rule 1: it is taken from each text by itself, so that comparing is the same in both directions.
Rule 2: what stands in a block of code, in quotes, or is an address is taken as it is; only what
is left is read as words.
Rule 3: nothing is kept of a text but what has to be compared.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from headgate.policy.lexicon import (
    CONTRACTED,
    IS_AFTER,
    LANGUAGES,
    MONTHS,
    NUMBER_WORDS,
    ONES,
    SCALES,
    TENS,
    UNITS,
)

LONGEST_NUMBER = 40
TELLING = 2
"""so many more words of a language must stand there than of any other"""

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})([^\n`]*)\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.M | re.S)
_TICKS = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
_STRAIGHT = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"',
    "\u00bb": '"', "\u2212": "-", "\u2010": "-", "\u2011": "-",
})  # fmt: skip
"""quotes, apostrophes and minus signs as a keyboard writes them"""
_QUOTED = re.compile(r"\"([^\"]+)\"|(?<![^\s(\[])'([^'\n]+)'(?![^\W_])")
_REFERENCE = re.compile(
    r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s<>\"']+"  # an address
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # of a mailbox
    r"|(?<![\w@])@[\w.-]*\w"  # of a person
    r"|(?<![\w#])\#[^\W\d]\w*"
    r"|(?:(?<=\s)|^)(?:~|\.{1,2})?/[\w.~-]+(?:/[\w.~-]*)*"  # of a file
    r"|\b[A-Za-z]:\\[\w.\\-]+"
    r"|(?<![\w.])--?[a-zA-Z][\w-]*"
    r"|\b\w+(?:/[\w.~-]*\w)+\b"
    r"|\b[^\W\d]\w*(?:(?:\.|::|->)[^\W\d]\w*)+(?:\(\))?"  # of a part of a program
    r"|\b[^\W\d]\w*\(\)"
    r"|\b[^\W_]*_\w+\b"
    r"|\b[a-z]+[A-Z]\w*\b|\b[A-Z][a-z0-9]+[A-Z]\w*\b"
    r"|\b(?:[^\W\d_]+\d|\d+[A-Za-z]+\d)\w*(?:-\w+)*\b"
)
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_NAMED_DATE = re.compile(
    rf"(?:\b(\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+|de\s+)?)?\b({_MONTH})\b\.?"
    r"(?:\s+(\d{1,2})(?:st|nd|rd|th)?\b)?(?:,?\s*(?:de\s+)?(\d{4})\b)?",
    re.I,
)
_ISO_DATE = re.compile(r"(?<![\w/-])\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?\b")
_DATE = re.compile(r"\b\d+[./]\d+[./]\d+\b")
_NUMBER = re.compile(
    r"([-+](?=[\d.])(?<![\w)\]]-))?([$€£¥]\s?)?(\d[\d,.:'\u00a0\u202f]*\d|\d)"
    r"(?:(st|nd|rd|th)\b|[\s-]?([^\W\d_]+|[%$€£]|°[CFcf]))?"
)
_SYMBOL = re.compile(
    r"[+*/=<>^&|~#$€£¥§±\u00d7÷√∑∫≤≥≠≈→←⇒∞%@\\{}\[\]]|!(?=[\w=(])"
    r"|(?<=[\d\s])-(?=\s?\d)|(?<=\w )-(?= \w\b)|[^\x00-\x7f]"
)
_LETTER = re.compile(
    r"(?<![\w'])(?:[^\W\d_AaIi](?!')|[Aa](?![a-z' ])|(?<=\w )A|[Ii](?![\w' ])"
    r"|[Aa](?= (?:and|or|to|in|is|of|with|from|before|after)\b))(?!\w)"
)
"""a is a letter where no word can follow it as an article"""
_SPOKEN = re.compile(
    rf"(?<![\d.] )(?<![-\w])(?:(an?)(?= (?:{'|'.join(SCALES)})\b)"
    rf"|({'|'.join(TENS)})[- ]({'|'.join(ONES)})|({'|'.join(NUMBER_WORDS)}))(?![\w'])",
    re.I,
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_END = re.compile(r"[.!?:;\n]|[-•*]\s")
_GROUPED = re.compile(r"\d{1,3}(?:([,.'\u00a0\u202f])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")
_ONE_GROUP = re.compile(r"\d{1,3}[.,]\d{3}")


class Word(NamedTuple):
    """A word as it is compared, and how it was written."""

    low: str
    is_capital: bool
    begins: bool
    """does a sentence begin with it"""
    is_shouted: bool
    """is it written in capitals, as short names are"""


class Facts(NamedTuple):
    """What a text says that an answer depends on."""

    language: str
    """empty: nothing tells"""
    scripts: frozenset[str]
    code: tuple[str, ...]
    quotes: tuple[str, ...]
    references: tuple[str, ...]
    """addresses, people's handles, files, what programs are made of"""
    dates: tuple[str, ...]
    numbers: tuple[str, ...]
    """each with its unit"""
    symbols: tuple[str, ...]
    letters: tuple[str, ...]
    """those that stand alone and stand for something"""
    words: tuple[Word, ...]


def read(text: str) -> Facts:
    """The facts of a text."""
    text = unicodedata.normalize("NFC", text).translate(_STRAIGHT).replace("\r\n", "\n")
    code: list[str] = []
    text = _FENCE.sub(lambda it: _take(code, f"{it[2].strip().lower()}\n{_code(it[3])}"), text)
    text = _TICKS.sub(lambda it: _take(code, " ".join(it[2].split())), text)
    text = re.sub(r"\s*\n\s*", "\n", re.sub(r"[ \t]+", " ", text)).strip()
    scripts = _scripts(text)
    language = _language(text) if scripts <= {"LATIN"} else ""
    quotes: list[str] = []
    text = _QUOTED.sub(
        lambda it: _take(quotes, " ".join(next(filter(None, it.groups())).split())), text
    )
    dates: list[str] = []
    text = _ISO_DATE.sub(lambda it: _take(dates, it[0].replace("T", " ")), text)
    references: list[str] = []
    text = _REFERENCE.sub(lambda it: _refer(references, it), text)
    text = _DATE.sub(lambda it: _take(dates, it[0]), text)
    text = _NAMED_DATE.sub(lambda it: _date(dates, it), text)
    numbers: list[str] = []
    text = _SPOKEN.sub(_spoken, text)
    without = _NUMBER.sub(" 0 ", text)
    symbols = tuple(filter(_is_symbol, _SYMBOL.findall(without)))
    letters = tuple(letter.lower() for letter in _LETTER.findall(without))
    text = _NUMBER.sub(lambda it: _number(numbers, it, language), text)
    words = _words(text)
    return Facts(
        language,
        scripts,
        tuple(code),
        tuple(quotes),
        tuple(references),
        tuple(dates),
        tuple(numbers),
        symbols,
        letters,
        tuple(words),
    )


def _take(into: list[str], what: str) -> str:
    into.append(what)
    return " "


def _refer(into: list[str], found: re.Match[str]) -> str:
    """An address ends before the dot of its sentence."""
    whole = found[0]
    bare = whole.rstrip(".,;:!?" if "(" in whole else ".,;:!?)")
    into.append(bare)
    return " " + whole[len(bare) :]


def _code(text: str) -> str:
    """Indentation means something, what stands before and behind all lines does not."""
    lines = [line.rstrip() for line in text.expandtabs(4).split("\n")]
    return textwrap.dedent("\n".join(lines)).strip("\n")


def _is_symbol(char: str) -> bool:
    return char.isascii() or unicodedata.category(char).startswith("S")


def _scripts(text: str) -> frozenset[str]:
    if text.isascii():
        return frozenset(("LATIN",)) if any(map(str.isalpha, text)) else frozenset()
    letters = {char for char in text if char.isalpha()}
    return frozenset(unicodedata.name(char, "OTHER").split(" ")[0] for char in letters)


def _language(text: str) -> str:
    """The language whose words are there; empty where that is not clear."""
    words = [word for it in _WORD.findall(text.lower()) for word in it.split("'")]
    scores = sorted(
        (sum(word in own for word in words), name) for name, own in LANGUAGES.items()
    )
    (second, _), (best, name) = scores[-2:]
    return name if best >= second + TELLING else ""


def _date(into: list[str], found: re.Match[str]) -> str:
    """A month by its name; a word that may be one is one beside a number or by its capital."""
    day, name, after, year = found.groups()
    month = MONTHS.get(name.lower())
    beside = day or after or year
    start = found.start(2)
    inside = (
        bool(found.string[:start].rstrip()) and found.string[:start].rstrip()[-1] not in ".!?"
    )
    if month is None or not (beside or (name[0].isupper() and inside)):
        return found[0]
    into.append(f"{year or ''}-{month}-{day or after or ''}")
    spare = f" {after}" if day and after else ""
    return f" {spare} "


def _number(into: list[str], found: re.Match[str], language: str) -> str:
    sign, money, digits, ordinal, after = found.groups()
    value = _value(digits, language)
    if sign == "-":
        value = f"-{value}"
    unit, left = UNITS.get((after or "").lower(), ""), ""
    scale = SCALES.get((after or "").lower())
    if scale is not None:
        value = _scaled(value, scale)
    elif after and not unit:
        left = f" {after}"
    if unit and after and after.isalpha() and len(after) == 1 and found[0][-2].isspace():
        unit, left = "", f" {after}"  # a letter that stands alone is no unit
    if money:
        unit = UNITS.get(money.strip(), money.strip())
    into.append(f"{value}{'.' if ordinal else ''}{unit}")
    return f" {left} "


def _spoken(found: re.Match[str]) -> str:
    """A number that is written as a word, in digits."""
    one, tens, ones, word = found.groups()
    if one:
        return "1"
    if tens:
        return str(int(NUMBER_WORDS[tens.lower()]) + int(NUMBER_WORDS[ones.lower()]))
    value = NUMBER_WORDS[word.lower()]
    return f"{value[:-1]}th" if value.endswith(".") else value


def _value(digits: str, language: str) -> str:
    """A number as it is compared: 1,000 and 1000 are one, 1.000 is left as it is written."""
    plain = digits.rstrip(":',.")
    if len(plain) > LONGEST_NUMBER or ":" in plain:
        return plain
    if grouped := _GROUPED.fullmatch(plain):
        mark = grouped[1]
        if _ONE_GROUP.fullmatch(plain) and (mark == "." or language not in ("", "en")):
            return plain  # a thousand here, and one there
        plain = plain.replace(mark, "")
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    whole, dot, part = plain.partition(".")
    return plain if not dot or part.strip("0") else whole  # 3.10 is no 3.1


def _scaled(value: str, zeros: int) -> str:
    try:
        return f"{Decimal(value).scaleb(zeros).normalize():f}"
    except InvalidOperation:
        return f"{value}e{zeros}"


def _words(text: str) -> list[Word]:
    found: list[Word] = []
    end, begins = 0, True
    for it in _WORD.finditer(text):
        between = text[end : it.start()]
        begins = begins or _END.search(between) is not None
        for part in _parts(it[0]):
            shouted = len(part) > 1 and part.isupper()
            found.append(Word(part.lower(), part[0].isupper(), begins, shouted))
            begins = False
        end = it.end()
    return found


def _parts(word: str) -> list[str]:
    """A contraction taken apart; what says whose something is is left out."""
    low = word.lower()
    if low in CONTRACTED:
        return CONTRACTED[low].split()
    head, mark, tail = word.rpartition("'")
    if not mark:
        return [word]
    if tail.lower() == "t" and head.lower().endswith("n"):
        return [head[:-1], "not"]
    if tail.lower() == "s":
        return [head, "is"] if head.lower() in IS_AFTER else [head]
    if tail.lower() in ("re", "ve", "ll", "d", "m"):
        return [head, {"re": "are", "ve": "have", "ll": "will", "d": "would"}.get(tail, "am")]
    parts = [part for part in word.split("'") if part]
    # French: l'eau, d'eau, qu'il; of these n' alone says something
    return [
        "ne" if part.lower() == "n" else part for part in parts if len(part) > 1 or part == "n"
    ]
