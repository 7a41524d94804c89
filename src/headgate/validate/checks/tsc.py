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
from headgate.validate.reading.lines import own

LIST, GLOBALS = ".headgate.tsconfig.json", ".headgate.globals.d.ts"

_LINE = re.compile(
    r"^(?P<path>[^\n]+?)\((?P<line>\d+),(?P<column>\d+)\): "
    r"(?P<level>error|warning|message) (?P<rule>TS\d+): (?P<text>.*)$"
)
_BARE = re.compile(r"^error (?P<rule>TS\d+): (?P<text>.*)$", re.MULTILINE)
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
        return (Run((asked.tool, "-p", LIST, "--pretty", "false"), lays=laid),)
    words = (asked.tool, *STRICT, GLOBALS, *asked.files)
    return (Run(words, lays=((GLOBALS, AMBIENT),)),)


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
)
