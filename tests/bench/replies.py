"""Replies as models write them, and the code that is to be judged of each."""

# ruff: noqa: E501 (replies, line for line)

from __future__ import annotations

import json
from typing import NamedTuple

from headgate.bench.extract import (
    DIFF,
    JOINED,
    MARKUP,
    SEVERAL,
    THOUGHT,
    UNCLOSED,
    UNFENCED,
)
from headgate.bench.task import TESTS, Task
from headgate.sandbox.model import File
from tests.bench.samples import RIGHT, WRONG, doubling

TWO_NAMES = b"from solution import double, triple\n\ndef test_it():\n    assert triple(double(1)) == 6\n"
TRIPLE = "def triple(n):\n    return 3 * n\n"
PAIR = doubling(tests=(File("test_solution.py", TWO_NAMES),))
ONE = doubling()
BEGUN = doubling(lead='def double(n):\n    """Twice n."""\n', style="asserts", entry="double")
BODY = "    return 2 * n\n"


def other(language: str, tests: str) -> Task:
    return doubling(language=language, tests=(File(TESTS[language], tests.encode()),))


GO = other(
    "go",
    'package solution\n\nimport "testing"\n\nfunc TestIt(t *testing.T) {\n\tif Double(2) != 4 || Triple(1) != 3 { t.Fail() }\n}\n',
)
RUST = other(
    "rust", "use solution::*;\n#[test]\nfn t() { assert_eq!(Pair::new(2).double(), 4); }\n"
)
TS = other("typescript", 'import { double } from "./solution";\n')
R = other("r", "test_that('it', expect_equal(double(2), 4))\n")


class Reply(NamedTuple):
    """A reply, the code that is judged, and what is noted."""

    text: str
    code: str
    notes: tuple[str, ...] = ()
    task: Task = ONE


DOC = 'def double(n):\n    """Twice n.\n\n    ```\n    double(2)\n    ```\n    """\n    return 2 * n\n'
EDGE = '"""How to:\n\n```\ndouble(2)\n```\n"""\ndef double(n):\n    return 2 * n\n'
CALLS = "def double(n):\n    return scaled(n, 2)\n"
SCALED = "def scaled(n, by):\n    return n * by\n"
PY_TEST = "import pytest\nfrom solution import double\n\ndef test_double():\n    assert double(2) == 4\n"
GO_ONE = 'package solution\n\nimport "fmt"\n\nfunc Double(n int) int { fmt.Sprint(n); return 2 * n }\n'
GO_TWO = 'package solution\n\nimport (\n\t"fmt"\n\t"strings"\n)\n\nfunc Triple(n int) int { fmt.Sprint(strings.ToUpper("")); return 3 * n }\n'
STRUCT = "pub struct Pair { n: i32 }\n"
METHODS = "impl Pair {\n    pub fn new(n: i32) -> Self { Pair { n } }\n    pub fn double(&self) -> i32 { 2 * self.n }\n}\n"
TS_CODE = "export function double(n: number): number {\n  return 2 * n;\n}\n"
JSON = json.dumps({"explanation": "doubles", "code": RIGHT})

REPLIES: dict[str, Reply] = {
    "a fence with the language": Reply(f"```python\n{RIGHT}```", RIGHT),
    "a fence without a word": Reply(f"```\n{RIGHT}```", RIGHT),
    "tildes": Reply(f"~~~python\n{RIGHT}~~~", RIGHT),
    "a tag in capitals": Reply(f"```PYTHON\n{RIGHT}```", RIGHT),
    "a tag with a title": Reply(f'```python title="solution.py"\n{RIGHT}```', RIGHT),
    "a tag with a file": Reply(f"```python:solution.py\n{RIGHT}```", RIGHT),
    "a tag in braces": Reply(f"```{{.python .numberLines}}\n{RIGHT}```", RIGHT),
    "four backticks around three": Reply(f"````python\n{DOC}````", DOC),
    "prose before and after": Reply(f"Sure! Here it is.\n\n```python\n{RIGHT}```\n\nIt runs in O(1).", RIGHT),
    "line ends of Windows": Reply(f"```python\n{RIGHT}```\n".replace("\n", "\r\n"), RIGHT),
    "a mark of byte order": Reply(f"\ufeff```python\n{RIGHT}```", RIGHT),
    "never closed": Reply(f"Here:\n```python\n{RIGHT}", RIGHT, (UNCLOSED,)),
    "a fence in a list": Reply(f"1. Write it:\n\n   ```python\n{''.join(f'   {it}' for it in RIGHT.splitlines(True))}   ```\n2. Done.", RIGHT),
    "a fence deep in a list": Reply(f"* a\n  * b\n\n      ```python\n{''.join(f'      {it}' for it in RIGHT.splitlines(True))}      ```\n", RIGHT),
    "backticks in an indented docstring": Reply(f"```python\n{DOC}```\nThat is all.", DOC),
    "backticks at the edge of a docstring": Reply(f"```python\n{EDGE}```\nThat is all.", EDGE),
    "a shell block first": Reply(f"```bash\npip install nothing\n```\n\n```python\n{RIGHT}```", RIGHT),
    "what it prints behind it": Reply(f"```python\n{RIGHT}```\n\nOutput:\n\n```\n4\n```", RIGHT),
    "an example of use behind it": Reply(f"```python\n{RIGHT}```\n\nUse it so:\n\n```python\nprint(double(2))\n```", RIGHT, (SEVERAL,)),
    "tests in a second block": Reply(f"```python\n{RIGHT}```\n\nTests:\n\n```python\n{PY_TEST}```", RIGHT, (SEVERAL,)),
    "tests in the first block": Reply(f"```python\n{PY_TEST}```\nand\n```python\n{RIGHT}```", RIGHT, (SEVERAL,)),
    "corrected once": Reply(f"```python\n{WRONG}```\nWait, that adds. Corrected:\n```python\n{RIGHT}```", RIGHT, (SEVERAL,)),
    "corrected twice": Reply(f"```python\n{TRIPLE}```\nHere's the corrected version:\n```python\n{WRONG}```\nHere's the corrected version:\n```python\n{RIGHT}```", RIGHT, (SEVERAL,)),
    "corrected into what is wrong": Reply(f"```python\n{RIGHT}```\nHere's the corrected version:\n```python\n{WRONG}```", WRONG, (SEVERAL,)),
    "a block for each function": Reply(f"```python\n{RIGHT}```\nAnd the second:\n```python\n{TRIPLE}```", f"{RIGHT}\n{TRIPLE}", (JOINED,), PAIR),
    "halves, then both together": Reply(f"```python\n{WRONG}```\n```python\n{TRIPLE}```\nTogether:\n```python\n{RIGHT}{TRIPLE}```", RIGHT + TRIPLE, (SEVERAL,), PAIR),
    "a function that uses another block's": Reply(f"First one that scales:\n```python\n{SCALED}```\nThen:\n```python\n{CALLS}```", f"{SCALED}\n{CALLS}", (JOINED,)),
    "a correction that uses the first version's": Reply(f"```python\n{SCALED}{WRONG}```\nBetter:\n```python\n{CALLS}```", f"{SCALED}{WRONG}\n{CALLS}", (JOINED,)),
    "a name that is given a value": Reply("```python\nx = 1\n```\n```python\ndouble = lambda n: 2 * n\n```", "double = lambda n: 2 * n\n", (SEVERAL,)),
    "two halves of Go": Reply(f"```go\n{GO_ONE}```\n```go\n{GO_TWO}```", 'package solution\nimport "fmt"\nimport "strings"\n\nfunc Double(n int) int { fmt.Sprint(n); return 2 * n }\n\n\n\nfunc Triple(n int) int { fmt.Sprint(strings.ToUpper("")); return 3 * n }\n', (JOINED,), GO),
    "a type of Rust and its methods": Reply(f"```rust\n{STRUCT}```\n```rust\n{METHODS}```", f"{STRUCT}\n{METHODS}", (JOINED,), RUST),
    "tests of Rust behind it": Reply(f"```rust\n{STRUCT}{METHODS}```\n```rust\n#[cfg(test)]\nmod tests {{\n    #[test]\n    fn t() {{}}\n}}\n```", STRUCT + METHODS, (SEVERAL,), RUST),
    "TypeScript that is called JavaScript": Reply(f"```js\n{TS_CODE}```", TS_CODE, (), TS),
    "TypeScript and how to run it": Reply(f"```typescript\n{TS_CODE}```\n```sh\nnpx tsx solution.ts\n```", TS_CODE, (), TS),
    "two versions of TypeScript": Reply(f"```ts\n{TS_CODE}```\nor\n```ts\nexport const double = (n: number) => n + n;\n```", "export const double = (n: number) => n + n;\n", (SEVERAL,), TS),
    "R in a fence of RMarkdown": Reply("```{r}\ndouble <- function(n) 2 * n\n```", "double <- function(n) 2 * n\n", (), R),
    "bare R": Reply("double <- function(n) {\n  2 * n\n}\n", "double <- function(n) {\n  2 * n\n}\n", (UNFENCED,), R),
    "another language's word": Reply(f"```text\n{RIGHT}```", RIGHT),
    "only a shell block": Reply("```bash\npip install double\n```", ""),
    "a diff that only adds": Reply("```diff\n--- /dev/null\n+++ b/solution.py\n@@ -0,0 +1,2 @@\n+def double(n):\n+    return 2 * n\n```", RIGHT, (DIFF,)),
    "a diff of a file that nobody has": Reply("```diff\n@@ -1,2 +1,2 @@\n def double(n):\n-    return n + 1\n+    return 2 * n\n```", ""),
    "a diff and the whole": Reply(f"```diff\n-    return n + 1\n+    return 2 * n\n```\n```python\n{RIGHT}```", RIGHT),
    "HTML": Reply("<p>Here:</p>\n<pre><code class=\"language-python\">def double(n):\n    return 2 * n if n &lt; 9 else n + n\n</code></pre>", "def double(n):\n    return 2 * n if n < 9 else n + n\n", (MARKUP,)),
    "HTML without a class": Reply(f"<pre>\n{RIGHT}</pre>", RIGHT, (MARKUP,)),
    "an object with code": Reply(JSON, RIGHT, (MARKUP,)),
    "an object in a fence": Reply(f"```json\n{JSON}\n```", RIGHT),
    "a tool call with parameters": Reply(f'<function_calls>\n<invoke name="write_file">\n<parameter name="path">solution.py</parameter>\n<parameter name="content">{RIGHT}</parameter>\n</invoke>\n</function_calls>', RIGHT, (MARKUP,)),
    "a tool call in JSON": Reply("I write the file.\n<tool_call>\n" + json.dumps({"name": "write_file", "arguments": {"path": "solution.py", "content": RIGHT}}) + "\n</tool_call>", RIGHT, (MARKUP,)),
    "an answer between tags": Reply(f"<answer>\n{RIGHT}</answer>", RIGHT, (MARKUP,)),
    "a fence between tags": Reply(f"<answer>\n```python\n{RIGHT}```\n</answer>", RIGHT),
    "thinking before it": Reply(f"<think>\nMaybe\n```python\n{WRONG}```\nNo.\n</think>\n\n```python\n{RIGHT}```", RIGHT),
    "thinking whose beginning is lost": Reply(f"Maybe n + 1?\n```python\n{WRONG}```\n</think>\n```python\n{RIGHT}```", RIGHT),
    "thinking that never ends": Reply(f"<think>\nMaybe\n```python\n{WRONG}```\nor", "", (THOUGHT,)),
    "indented code": Reply("Write this:\n\n    def double(n):\n        return 2 * n\n\nThat is all.", RIGHT, (UNFENCED,)),
    "a session in a terminal": Reply("```pycon\n>>> def double(n):\n...     return 2 * n\n...\n```", "def double(n):\n    return 2 * n\n"),
    "bare code": Reply(RIGHT, RIGHT, (UNFENCED,)),
    "bare code with a mark of a turn's end": Reply(f"{RIGHT}<|im_end|>", RIGHT, (UNFENCED,)),
    "bare code behind a sentence": Reply(f"Sure, here you go:\n\n{RIGHT}", RIGHT, (UNFENCED,)),
    "bare code between sentences": Reply(f"Sure, here you go:\n\n{RIGHT}\nThis doubles the number that it is given.\n", RIGHT, (UNFENCED,)),
    "bare code with backticks in its docstring": Reply(DOC, DOC, (UNFENCED,)),
    "a whole function where one was begun": Reply(f"```python\n{RIGHT}```", RIGHT, (), BEGUN),
    "a body": Reply(BODY, BODY, (UNFENCED,), BEGUN),
    "a body that a chat has trimmed": Reply("m = n + n\n    return m", "    m = n + n\n    return m\n", (UNFENCED,), BEGUN),
    "a body without its indent": Reply("```python\nif n:\n    return 2 * n\nreturn 0\n```", "    if n:\n        return 2 * n\n    return 0\n", (), BEGUN),
    "a body in a fence": Reply(f"```python\n{BODY}```", BODY, (), BEGUN),
    "prose": Reply("I would write a function that doubles n.", ""),
    "a refusal": Reply("I'm sorry, but I can't help with that.", ""),
    "empty fences": Reply("```python\n```", ""),
}  # fmt: skip
