"""A request to run code, read and checked: from JSON to jobs of the sandbox.

Rule 1: every field is known or refused by name, with the one that was probably meant.
Rule 2: what a call leaves out its snippets may say, and the other way round; a snippet's own
word counts.
Rule 3: each snippet has a place of its own, unless the call names a session: then they run in
it one after another.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from headgate.config.problem import meant
from headgate.gateway.execute import names
from headgate.gateway.execute.trouble import Trouble, wrong
from headgate.sandbox.chunks import Chunking
from headgate.sandbox.model import File, Job, Limits
from headgate.wire.model import Fault, Kind

MOST_SNIPPETS = 64
MOST_FILES = 1000
MOST_ARGS = 256
MOST_ENV = 64
LARGE = 1 << 19
"""a longer body is taken apart in a thread"""
MEBIBYTE = 1 << 20
USUAL = "python"
"""the language of code that names none; in a session it is the session's"""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_AT = re.compile(r"^(.*?)(?: - at `\$\.?(.*?)`)?$", re.S)
_UNKNOWN = re.compile(r"^Object contains unknown field `(.*)`$", re.S)
_MISSING = re.compile(r"^Object missing required field `(.*)`$", re.S)


class Given(msgspec.Struct, forbid_unknown_fields=True):
    """What callers send."""


class Laid(Given):
    """A file that is to lie in the work folder."""

    path: str
    content: str | None = None
    content_base64: str | None = None
    executable: bool = False


class Snippet(Given):
    """One program; what it leaves out is as the call says."""

    code: str
    language: str | None = None
    files: list[Laid] | None = None
    args: list[str] | None = None
    stdin: str | None = None
    stdin_base64: str | None = None
    limits: dict[str, Any] | None = None
    packages: list[str] | None = None
    env: dict[str, str] | None = None


class Body(Given):
    """The whole request."""

    code: str | None = None
    language: str | None = None
    files: list[Laid] | None = None
    args: list[str] | None = None
    stdin: str | None = None
    stdin_base64: str | None = None
    limits: dict[str, Any] | None = None
    packages: list[str] | None = None
    env: dict[str, str] | None = None
    snippets: list[Snippet] | None = None
    session: str = ""
    cache: bool = True
    depends_on: list[Literal["time", "network", "chance"]] = []
    checkpoint: Chunking | None = None
    stream: bool = False
    on: str = ""
    """where: local, a provider with an interpreter, several in their order, or auto"""


class Opening(Given):
    """A request for a session."""

    language: str = USUAL
    limits: dict[str, Any] | None = None
    snapshot_base64: str = ""
    """a tar archive of files that it begins with"""


class Asked(NamedTuple):
    """What is to be run."""

    jobs: tuple[Job, ...]
    several: bool
    """was it a list of snippets: then the answer is one too"""
    session: str
    stream: bool
    chunking: Chunking | None
    on: str = ""
    """empty: here"""


Read = TypeVar("Read")


def decode(body: bytes, shape: type[Read]) -> Read:
    """The body as this record; Fault names the field that is wrong."""
    try:
        return msgspec.json.decode(body or b"{}", type=shape)
    except msgspec.ValidationError as error:
        raise _told(str(error), shape) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Fault(Kind.INVALID, f"the request body is no JSON: {_why(error)}") from None


def read(body: bytes, tenant: str, session: str = "") -> Asked:
    """The jobs that a body asks for; a long one belongs in a thread.

    `session`: that of the path, where it names one.
    """
    told = decode(body, Body)
    if session and told.session not in ("", session):
        raise wrong("session", "is another than the one of the path")
    told.session = session or told.session
    if (told.code is None) == (told.snippets is None):
        what = "is missing" if told.code is None else "cannot stand beside snippets"
        raise wrong("code", what, 'send {"code": "print(1)", "language": "python"}')
    if told.snippets is not None:
        if not 0 < len(told.snippets) <= MOST_SNIPPETS:
            raise wrong("snippets", f"must hold 1 to {MOST_SNIPPETS} programs")
        jobs = tuple(
            _job(told, snippet, tenant, f"snippets[{at}].")
            for at, snippet in enumerate(told.snippets)
        )
    else:
        jobs = (_job(told, Snippet(told.code or ""), tenant, ""),)
    _check_whole(told, jobs)
    several = told.snippets is not None
    on = "" if told.on == "local" else told.on
    return Asked(jobs, several, told.session, told.stream, told.checkpoint, on)


def limits_of(told: dict[str, Any] | None, param: str = "limits") -> Limits:
    """The limits that are asked for, with defaults for those that are not."""
    try:
        return msgspec.convert(told or {}, Limits)
    except msgspec.ValidationError as error:
        raise _told(str(error), Limits, param) from None


def _check_whole(told: Body, jobs: tuple[Job, ...]) -> None:
    if told.checkpoint is not None and (told.snippets is not None or told.session):
        raise wrong("checkpoint", "goes with one program in a place of its own")
    if told.on and told.session:
        raise wrong(
            "on", "is for a place of its own: sessions are here", "leave one of them out"
        )
    for job in jobs if told.session else ():
        for name in ("args", "stdin", "env", "packages"):
            if getattr(job, name):
                what = "is for a place of its own: a session has begun already"
                raise wrong(name, what, "leave it out, or leave session out")


def _job(told: Body, own: Snippet, tenant: str, at: str) -> Job:
    """A snippet with what the call says for all of them."""
    limits_at = f"{at}limits" if own.limits is not None else "limits"
    limits = limits_of(_first(own.limits, told.limits, None), limits_at)
    files_at = f"{at}files" if own.files is not None else "files"
    language = _first(own.language, told.language, "" if told.session else USUAL)
    spoken = own if own.stdin is not None or own.stdin_base64 is not None else told
    stdin_at = at if spoken is own else ""
    return Job(
        language=language,
        code=_text(own.code, f"{at}code"),
        files=_files(_first(own.files, told.files, []), limits, files_at),
        args=_args(_first(own.args, told.args, []), at),
        stdin=_bytes((spoken.stdin, spoken.stdin_base64), f"{stdin_at}stdin") or b"",
        limits=limits,
        tenant=tenant,
        cached=told.cache,
        packages=tuple(_first(own.packages, told.packages, [])),
        env=_env(_first(own.env, told.env, {}), at),
        depends_on=tuple(told.depends_on),
    )


def _first(own: Read | None, usual: Read | None, otherwise: Read) -> Any:
    return own if own is not None else usual if usual is not None else otherwise


def _files(laid: list[Laid], limits: Limits, param: str) -> tuple[File, ...]:
    if len(laid) > MOST_FILES:
        raise wrong(param, f"holds more than {MOST_FILES} files")
    found, total = dict[str, File](), 0
    for number, each in enumerate(laid):
        at = f"{param}[{number}]"
        path = names.check(each.path, f"{at}.path")
        if path in found:
            raise wrong(f"{at}.path", f"{names.spelled(path)} is there twice")
        data = _bytes((each.content, each.content_base64), f"{at}.content")
        if data is None:
            raise wrong(f"{at}.content", "is missing", "send content or content_base64")
        if len(data) > limits.file_mb * MEBIBYTE:
            raise _too_large(f"{at}.content", "limits.file_mb", limits.file_mb)
        total += len(data)
        found[path] = File(path, data, each.executable)
    if total > limits.disk_mb * MEBIBYTE:
        raise _too_large(param, "limits.disk_mb", limits.disk_mb)
    return tuple(found.values())


def _too_large(param: str, limit: str, most_mb: int) -> Trouble:
    return wrong(param, f"is more than {limit} = {most_mb} MB", f"raise {limit}, or send less")


def _bytes(given: tuple[str | None, str | None], param: str) -> bytes | None:
    """Text or base64, whichever was sent."""
    plain, coded = given
    if plain is not None and coded is not None:
        raise wrong(param, f"cannot stand beside {param.rpartition('.')[2]}_base64")
    if plain is not None:
        return _text(plain, param).encode()
    if coded is None:
        return None
    try:
        return base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        raise wrong(f"{param}_base64", "is no base64") from None


def _text(value: str, param: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise wrong(param, "holds half of a surrogate pair, which is no text") from None
    return value


def _args(args: list[str], at: str) -> tuple[str, ...]:
    if len(args) > MOST_ARGS:
        raise wrong(f"{at}args", f"holds more than {MOST_ARGS}")
    for number, each in enumerate(args):
        if "\0" in _text(each, f"{at}args[{number}]"):
            raise wrong(f"{at}args[{number}]", "holds a zero byte, which ends an argument")
    return tuple(args)


def _env(env: dict[str, str], at: str) -> tuple[tuple[str, str], ...]:
    if len(env) > MOST_ENV:
        raise wrong(f"{at}env", f"holds more than {MOST_ENV} variables")
    for name, value in env.items():
        if not _NAME.fullmatch(name) or "\0" in _text(value, f"{at}env"):
            raise wrong(f"{at}env", f"{names.spelled(name)} is no variable")
    return tuple(sorted(env.items()))


def _told(said: str, shape: type, param: str = "") -> Trouble:
    """What the decoder found, in words of ours that name the field."""
    match = _AT.match(said)
    what, at = (match[1], match[2] or "") if match else (said, "")
    where = ".".join(part for part in (param, at) if part)
    if unknown := _UNKNOWN.match(what):
        name = f"{where}.{unknown[1]}" if where else unknown[1]
        return wrong(name[:200], "is not known here", meant(unknown[1], _known(shape, at)))
    if missing := _MISSING.match(what):
        return wrong(f"{where}.{missing[1]}" if where else missing[1], "is missing")
    return wrong(where or "body", what[:1].lower() + what[1:])


def _known(shape: Any, at: str) -> Iterable[str]:
    """The fields of the record that stands at this place."""
    nested = {"files": Laid, "snippets": Snippet, "checkpoint": Chunking, "limits": Limits}
    last = [part.partition("[")[0] for part in at.split(".") if part]
    record = nested.get(last[-1], shape) if last else shape
    return tuple(getattr(record, "__struct_encode_fields__", ()))


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "it is not valid UTF-8"
    said = str(error)
    return said[:1].lower() + said[1:] if said[1:2].islower() else said
