"""Which languages there are, by name, alias and file, and what of each this machine has.

Rule 1: a machine is asked once per language; what it answered is remembered until `forget`.
Rule 2: a name that is wrong is answered with the one that was probably meant.
"""

from __future__ import annotations

import difflib
import pkgutil
import threading
from importlib import import_module
from pathlib import PurePath

from headgate.sandbox import languages
from headgate.sandbox.language import Language, Missing
from headgate.sandbox.model import Refused, Runtime, Unavailable

LANGUAGES: tuple[Language, ...] = tuple(
    import_module(f"{languages.__name__}.{found.name}").LANGUAGE
    for found in pkgutil.iter_modules(languages.__path__)
)

NAMED = {
    name: language for language in LANGUAGES for name in (language.name, *language.aliases)
}
SUFFIXED = {suffix: language for language in LANGUAGES for suffix in language.suffixes}
SHOWN = 40
"""characters of a wrong name: it may be a whole program"""

_found: dict[str, Runtime | Missing] = {}
_locks = {language.name: threading.Lock() for language in LANGUAGES}


def named(name: str) -> Language:
    """The language of a name or alias; Refused with what was probably meant."""
    wanted = name.strip().lower()
    if wanted in NAMED:
        return NAMED[wanted]
    close = difflib.get_close_matches(wanted[:SHOWN], NAMED, 1)
    meant = f"did you mean {NAMED[close[0]].name}? " if close else ""
    known = ", ".join(language.name for language in LANGUAGES)
    raise Refused(f"unknown language {name[:SHOWN]!r}", f"{meant}known are {known}", "invalid")


def of_file(path: str, code: str = "") -> Language:
    """The language of a file by its suffix, or by the program its first line names."""
    suffix = PurePath(path).suffix
    language = SUFFIXED.get(suffix) or SUFFIXED.get(suffix.lower())
    if language is None and code.startswith("#!"):
        words = code.partition("\n")[0][2:].split()
        programs = (PurePath(word).name for word in words if word[:1] != "-")
        program = next((name for name in programs if name != "env"), "")
        language = NAMED.get(program.rstrip("0123456789.").lower())
    if language is not None:
        return language
    raise Refused(
        f"{suffix or path!r} says no language" if not suffix
        else f"no language has files that end in {suffix!r}",
        "name it, such as --language python; known are " + ", ".join(sorted(SUFFIXED)),
        "invalid",
    )  # fmt: skip


def look(name: str) -> Runtime | Missing:
    """What this machine has of a language; slow the first time."""
    language = named(name)
    with _locks[language.name]:
        if language.name not in _found:
            _found[language.name] = language.find()
        return _found[language.name]


def runtime(name: str) -> Runtime:
    """What this machine has of a language; Unavailable with the remedy where it has it not."""
    found = look(name)
    if isinstance(found, Missing):
        raise Unavailable(found.what, found.remedy)
    return found


def forget() -> None:
    """Something was installed: ask the machine again."""
    _found.clear()
