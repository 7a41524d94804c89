from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox import source
from headgate.sandbox.model import File, Job

SCIENCE = frozenset({"numpy", "pandas"})


@pytest.mark.parametrize(
    "code",
    [
        "import numpy",
        "import os, numpy as np",
        "from pandas.plotting import lag_plot",
        "def f():\n    import numpy.linalg as la",
        "x = 1\r\nimport\tpandas\r\n",
        "import numpy\nthis is no Python at all",
    ],
)
def test_code_that_imports_one_of_the_names_says_so(code: str) -> None:
    assert source.imports_any(Job("python", code), SCIENCE)


@pytest.mark.parametrize(
    "code",
    ["", "print('import numpy')", "# import numpy", "import numpyro", "import os # numpy"],
)
def test_code_that_only_speaks_of_a_name_does_not_import_it(code: str) -> None:
    assert not source.imports_any(Job("python", code), SCIENCE)


def test_modules_laid_beside_the_code_are_read_too() -> None:
    beside = File("stats.py", b"import pandas as pd\n")
    table = File("import.csv", b"import pandas\n")
    assert source.imports_any(Job("python", "import stats", files=(beside,)), SCIENCE)
    assert not source.imports_any(Job("python", "import stats", files=(table,)), SCIENCE)


@pytest.mark.parametrize(
    "code",
    [
        'import fs from "fs"',
        'import "./x.js"',
        "import * as path from 'path'",
        "import {a,\n b} from 'c'",
        "export const x = 1",
        "export default class {}",
        "export{x}",
        "console.log(import.meta.url)",
        "const x = await fetch(1)",
        "await 1",
        "for await (const x of y) {}",
        "'use strict'\n/* a */ import x, {y} from 'z'",
        "import type { A } from './a'",
    ],
)
def test_a_module_is_known_by_import_export_or_a_bare_await(code: str) -> None:
    assert source.is_module(code)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "const fs = require('fs')",
        "import('fs').then(console.log)",
        "// import fs from 'fs'",
        "/*\nimport fs from 'fs'\n*/",
        "`\nimport fs from 'fs'\n`",
        "async function f() {\n  await 1\n}",
        "module.exports = { import: 1, export: 2 }",
        "importScripts()",
        "import fs = require('fs')",
    ],
)
def test_a_script_is_not_taken_for_a_module(code: str) -> None:
    assert not source.is_module(code)


def test_code_that_imports_and_requires_is_mixed_unless_it_awaits_at_its_outermost() -> None:
    assert source.is_mixed("import fs from 'fs'\nif (require.main === module) {}")
    assert source.is_mixed("import fs from 'fs'\nconsole.log(__dirname)")
    assert not source.is_mixed("import fs from 'fs'")
    assert not source.is_mixed("const fs = require('fs')")
    assert not source.is_mixed("import fs from 'fs'\nawait 1\nrequire('x')")


@given(st.text())
def test_any_text_is_read_without_a_fault(code: str) -> None:
    source.is_module(code)
    source.is_mixed(code)
    source.imports_any(Job("python", code), SCIENCE)


@given(st.binary())
def test_bytes_that_are_no_text_come_out_as_they_went_in(data: bytes) -> None:
    assert source.encoded(data.decode("utf-8", "surrogateescape")) == data


def test_text_that_no_encoding_has_is_written_all_the_same() -> None:
    assert source.encoded("a\ud800") == b"a\xed\xa0\x80"


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [
        "import ",
        "/*",
        "`",
        "'",
        '"',
        "\\",
        "import {",
        "const x=",
        "\n ",
        "a;",
        "export ",
        "\t",
    ],
)
def test_no_text_takes_more_time_than_its_length(piece: str) -> None:
    code = (piece * (1 << 20))[: 1 << 20]
    began = time.perf_counter()
    source.is_module(code)
    source.is_mixed(code)
    source.imports_any(Job("python", code), SCIENCE)
    assert time.perf_counter() - began < 2


def test_the_code_never_takes_the_name_of_a_file_beside_it() -> None:
    job = Job("python", "", files=(File("main.py", b""), File("main2.py", b"")))
    assert source.free_name(job, "main.py") == "main3.py"
    assert source.free_name(job, "main") == "main"
    assert source.free_name(Job("go", "", files=(File("main/x.go", b""),)), "main") == "main2"
