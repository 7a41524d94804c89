"""Node reads scripts and modules like it would when it runs them, and runs nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from headgate.validate.check import Unreadable
from headgate.validate.checks.javascript_syntax import CHECK
from tests.checking import asked, read

NODE = shutil.which("node")
TEXTS = {
    "module.js": "export const = ;\n",
    "script.js": "\nconst x = (;\n",
    "both.cjs": 'import x from "y";\n',
    "named.mjs": "with (x) {}\n",
    "good.js": '#!/usr/bin/env node\nconst fs = require("fs");\nreturn\n',
    "fine.js": '\ufeffimport fs from "fs";\nawait 1;\nexport default fs;\n',
    "runs.js": "process.exit(3);\n",
}


def test_its_words_are_understood() -> None:
    said = '[["bad.js", 1, 7, "Unexpected token", "SyntaxError"]]'
    assert read(CHECK, said, "", 0) == [(1, 7, "error", "SyntaxError")]
    with pytest.raises(Unreadable):
        read(CHECK, "", "out of memory", 0)


@pytest.mark.slow
@pytest.mark.skipif(NODE is None, reason="node is not installed: apt-get install nodejs")
def test_modules_and_scripts_are_told_apart_and_nothing_of_them_is_run(tmp_path: Path) -> None:
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (run,) = CHECK.plan(asked(*TEXTS, tool=str(NODE)))
    for name, data in run.lays:
        (tmp_path / name).write_bytes(data)
    done = subprocess.run(run.argv, cwd=tmp_path, capture_output=True, check=True)
    wrong = {name: line for name, line, *_ in json.loads(done.stdout)}
    assert wrong == {"module.js": 1, "script.js": 2, "both.cjs": 1, "named.mjs": 1}
