"""TypeScript's types, and its syntax with them, by tsc.

Rule 1: a file without a project is checked strictly, against the language and the few globals
that both Node and browsers have; the whole DOM would cost three times as long.
Rule 2: a project's own tsconfig.json is heard, with only the list of files changed.
"""

from __future__ import annotations

import json
import re

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable
from headgate.validate.problem import Level, Problem, Stage
from headgate.validate.reading.lines import bare, own

LIST, GLOBALS = ".headgate.tsconfig.json", ".headgate.globals.d.ts"

_LINE = re.compile(
    r"^(?P<path>[^\n]+?)\((?P<line>\d+),(?P<column>\d+)\): "
    r"(?P<level>error|warning|message) (?P<rule>TS\d+): (?P<text>.*)$"
)
_BARE = re.compile(r"^error (?P<rule>TS\d+): (?P<text>.*)$", re.MULTILINE)
_SYNTAX = re.compile(r"TS1\d{3}$")
_EXPORTED = re.compile(
    rb"^export\s+(?:(?:declare|abstract|async|const)\s+)*"
    rb"(?:const|let|var|function\*?|class|type|interface|enum|namespace)\s+([\w$]+)",
    re.MULTILINE,
)
_UNTYPED = re.compile(r"'node:[\w/]+'|type definitions for node|'(?:process|Buffer|require)'")

AMBIENT = b"""\
interface Console { [name: string]: (...said: unknown[]) => void }
declare var console: Console;
declare function setTimeout(run: (...args: any[]) => void, ms?: number, ...args: any[]): any;
declare function setInterval(run: (...args: any[]) => void, ms?: number, ...args: any[]): any;
declare function clearTimeout(timer?: any): void;
declare function clearInterval(timer?: any): void;
declare function queueMicrotask(run: () => void): void;
declare function structuredClone<T>(value: T): T;
declare function atob(text: string): string;
declare function btoa(text: string): string;
declare function fetch(input: any, init?: any): Promise<any>;
declare var URL: any; type URL = any;
declare var URLSearchParams: any; type URLSearchParams = any;
declare var TextEncoder: any; type TextEncoder = any;
declare var TextDecoder: any; type TextDecoder = any;
declare var AbortController: any; type AbortController = any;
declare var AbortSignal: any; type AbortSignal = any;
declare var Headers: any; type Headers = any;
declare var Request: any; type Request = any;
declare var Response: any; type Response = any;
declare var performance: any; declare var crypto: any;
"""

HASTE = (("GOGC", "400"), ("GOMEMLIMIT", "1536MiB"))
"""since TypeScript 7 it is a program of Go: rarer collections save a third of a short run, and
beyond this memory they are as frequent as ever"""
STRICT = (
    *("--noEmit", "--pretty", "false", "--strict", "--skipLibCheck", "--target", "es2022"),
    *("--lib", "es2022", "--types", "", "--module", "esnext", "--moduleResolution", "bundler"),
    *("--allowImportingTsExtensions", "--jsx", "preserve"),
)


def _plan(asked: Asked) -> tuple[Run, ...]:
    if "tsconfig.json" in asked.configs:
        own_list = {
            "extends": "./tsconfig.json",
            "files": [f"./{file}" for file in asked.files],
            "include": [],
            "references": [],
            "compilerOptions": {"noEmit": True, "incremental": False, "composite": False},
        }
        laid = ((LIST, json.dumps(own_list).encode()),)
        return (Run((asked.tool, "-p", LIST, "--pretty", "false"), env=HASTE, lays=laid),)
    words = (asked.tool, *STRICT, GLOBALS, *asked.files)
    return (Run(words, env=HASTE, lays=((GLOBALS, AMBIENT),)),)


def _read(said: Said) -> tuple[Problem, ...]:
    look, problems, seen = own(said.files), [], 0
    for line in said.stdout.splitlines():
        found = _LINE.match(line)
        seen += found is not None
        if found is not None and (path := look(found["path"])):
            problems.append(_problem(found, path))
    bare = _BARE.search(said.stdout)
    if bare is not None and not seen:
        raise Unreadable(f"{bare['rule']}: {bare['text']}")
    if said.exit_code and not seen:
        raise Unreadable("it found something and did not say where")
    return tuple(problems)


def _stopped(said: Said) -> tuple[str, ...]:
    """A mistake of syntax in any file is told alone: no other file's types are looked at."""
    look, found = own(said.files), [_LINE.match(it) for it in said.stdout.splitlines()]
    wrong = [it for it in found if it is not None]
    if not all(_SYNTAX.match(it["rule"]) for it in wrong):
        return ()
    return tuple(dict.fromkeys(look(it["path"]) or bare(it["path"]) for it in wrong))


def _stand_in(data: bytes) -> bytes:
    """The same names, of any type."""
    names = dict.fromkeys(_EXPORTED.findall(data))
    own = (b"export declare const %s: any;\nexport type %s = any;\n" % (it, it) for it in names)
    return b"declare const whole: any;\nexport default whole;\n" + b"".join(own)


def _problem(found: re.Match[str], path: str) -> Problem:
    untyped = _UNTYPED.search(found["text"]) is not None
    return Problem(
        path=path,
        line=int(found["line"]),
        column=int(found["column"]),
        message=found["text"],
        check=CHECK.name,
        rule=found["rule"],
        level=Level.NOTICE if untyped else Level.ERROR,
        fix="npm install --save-dev @types/node" if untyped else "",
    )


CHECK = Check(
    name="tsc",
    stage=Stage.TYPES,
    slot="typescript-types",
    suffixes=(".ts", ".mts", ".cts", ".tsx"),
    plan=_plan,
    read=_read,
    tool=Tool("tsc", "npm install --save-dev typescript", "node"),
    configs=("tsconfig.json", "tsconfig.base.json", "package.json"),
    ends=(0, 1, 2),
    sees_project=True,
    stopped=_stopped,
    stand_in=_stand_in,
)
