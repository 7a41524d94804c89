"""Python's syntax, by the compiler itself: no tool has to be installed for it."""

from __future__ import annotations

import msgspec

from headgate.validate.check import Asked, Check, Run, Said
from headgate.validate.problem import Problem, Stage
from headgate.validate.reading.json import whole

LIST = ".headgate-files.json"

PROGRAM = f"""\
import json, sys, warnings
warnings.simplefilter("ignore")
wrong = []
for path in json.load(open({LIST!r}, encoding="utf-8")):
    try:
        with open(path, "rb") as source:
            compile(source.read(), path, "exec", dont_inherit=True)
    except SyntaxError as it:
        wrong.append([path, it.lineno or 0, it.offset or 0, it.end_lineno or 0,
                      it.end_offset or 0, str(it.msg), type(it).__name__])
    except (ValueError, RecursionError, MemoryError, OverflowError) as it:
        wrong.append([path, 0, 0, 0, 0, str(it) or "too deeply nested", type(it).__name__])
sys.stdout.write(json.dumps(wrong))
"""

_Wrong = tuple[str, int, int, int, int, str, str]


def _plan(asked: Asked) -> tuple[Run, ...]:
    return (Run(python=PROGRAM, lays=((LIST, msgspec.json.encode(asked.files)),)),)


def _read(said: Said) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            path=path,
            line=line,
            column=column,
            end_line=max(end_line, 0),
            end_column=max(end_column, 0),
            message=message,
            check=CHECK.name,
            rule=kind,
        )
        for path, line, column, end_line, end_column, message, kind in whole(
            said.stdout, list[_Wrong]
        )
    )


CHECK = Check(
    name="python-syntax",
    stage=Stage.SYNTAX,
    slot="python-syntax",
    suffixes=(".py", ".pyi"),
    plan=_plan,
    read=_read,
    ends=(0,),
)
