"""Takes the code out of a reply: which of its pieces are judged, and in words why.

Rule 1: which block is judged follows from the task's language and names, never from its
success. Blocks of the task's language come first, then those that name none, then a lone block
of any other word if it looks like the language or has the names.
Rule 2: a block that only tests or shows the names is left out. Of several that each have every
name the last is judged: it is what the model stands by. Where none has all of them, those that
have some are joined in their order, each name as it was written last.
Rule 3: a block that has something which the judged ones use and do not have themselves is
joined to them. Blocks that write a name twice are joined only where the language allows it.
Rule 4: lines are taken as they are. Only what stood around them goes: fences, markup, prompts
of a terminal, marks of a turn's end; a body of Python gets the indent back that its first lines
lost. A diff is code if it only adds.
Rule 5: whatever was chosen, joined or taken without a fence is noted, and notes are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from headgate.bench.blocks import Block, answer_of, blocks_of, indented, spoken
from headgate.bench.task import Task

SPOKEN = {
    "python": ("python", "py", "python3", "pycon", "ipython"),
    "javascript": ("javascript", "js", "node", "mjs", "cjs", "jsx"),
    "typescript": ("typescript", "ts", "tsx", "mts"),
    "go": ("go", "golang"),
    "rust": ("rust", "rs"),
    "r": ("r", "rscript"),
    "bash": ("bash", "sh", "shell", "zsh"),
}
"""how fences call a language"""
OTHERS = frozenset(
    (
        *("json", "yaml", "yml", "toml", "xml", "html", "css", "sql", "csv", "ini", "diff"),
        *("text", "txt", "plaintext", "output", "console", "patch", "markdown", "md", "java"),
        *("dockerfile", "makefile", "mermaid", "c", "cpp", "c++", "csharp", "ruby", "php"),
    )
)
"""words of blocks that are no code of any language here"""
NEAR = {"javascript": "typescript", "typescript": "javascript"}
_CODE = {
    "python": r"^(?:def|class|import|from|async def|@)\b|^@\w",
    "javascript": r"^(?:async function|function|const|class|export|import|module\.exports)\b",
    "typescript": r"^(?:async function|function|const|class|export|import|interface|type)\b",
    "go": r"^package \w+|^func ",
    "rust": r"^(?:pub\b|use |fn |struct |impl |#!?\[)",
    "r": r"^[\w.]+ *(?:<-|=) *function\b|^library\(",
    "bash": r"^#!|^\w+ *\(\) *\{|^function \w+",
}
"""a line that only a program of the language begins with"""
_SCRIPT = (
    r"^(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?"
    r"(?:function\s*\*?|class|const|let|var|type|interface|enum)\s+(\w+)"
)
_DEFINES = {
    "python": r"^(?:async\s+)?(?:def|class)\s+(\w+)",
    "javascript": _SCRIPT,
    "typescript": _SCRIPT,
    "go": r"^func\s+(\w+)|^(?:type|var|const)\s+(\w+)",
    "rust": (
        r"^(?:pub(?:\([^)\n]*\))?\s+)?(?:async\s+|const\s+|unsafe\s+)*"
        r"(?:fn|struct|enum|trait|type|static|const|mod|macro_rules!)\s+(\w+)"
    ),
    "r": r"^([\w.]+)\s*(?:<-|=)\s*",
    "bash": r"^(?:function\s+)?(\w+)\s*\(\)",
}
"""what stands at the left edge and gives something a name"""
_VALUES = {"python": r"^(\w+)\s*(?::[^=\n]{0,80})?=(?!=)"}
"""what is named too, but is as likely to be a mere use of what was asked for"""
_EXTENDS = {
    "go": r"^func\s*\(\s*\w*\s*\*?(\w+)",
    "rust": r"^impl(?:<[^>\n]*>)?\s+(?:[^\n{]*\bfor\s+)?&?(\w+)",
}
"""what gives a type more, without giving it its name"""
_TESTS = (
    r"^\s*(?:from|import)\s+(?:solution|pytest|unittest)\b|^\s*def\s+test_\w*\s*\("
    r"|^\s*(?:describe|it|test)\s*\(|require\(['\"]\./solution|from\s+['\"]\./solution"
    r"|['\"](?:vitest|node:test|@jest/globals)['\"]"
    r"|^func\s+(?:Test|Benchmark|Example)\w*\s*\(|#\[test\]|^\s*test_that\s*\("
)
AGAIN = frozenset(("python", "r", "bash"))
"""where a name may be written twice: the last one holds"""
ONCE = {"import", "use", "from", "library", "const"}
SEVERAL, JOINED, UNFENCED, UNCLOSED, MARKUP, DIFF, THOUGHT = (
    "several code blocks: the last that has the task's names was judged",
    "several code blocks that have the task's names between them: they were joined",
    "code without a fence",
    "the last code block is not closed",
    "code in markup, not in a fence",
    "a diff that only adds was read as the code that it adds",
    "the reply ends while the model still thinks aloud",
)


class Found(NamedTuple):
    """The code of an answer, and what there is to say of how it was found."""

    code: str
    notes: tuple[str, ...] = ()


def code_of(text: str, task: Task) -> Found:
    """The code that is judged; empty if the answer holds none."""
    answer = answer_of(text)
    if text.strip() and not answer.strip():
        return Found("", (THOUGHT,))
    bare = _bare(answer, task)
    if bare is not None and not re.search(r"^ {0,3}(?:`{3,}|~{3,})", answer, re.MULTILINE):
        return bare
    blocks = blocks_of(answer)
    fitting = _fitting([it._replace(code=spoken(it.code)) for it in blocks], task)
    if fitting:
        notes = () if re.search(r"^[ \t]*(?:`{3}|~{3})", answer, re.MULTILINE) else (MARKUP,)
        found = _chosen(fitting, task)
        return Found(_ended(found.code, task), (*found.notes, *notes))
    added = [it for it in blocks if it.word in ("diff", "patch") and _added(it.code)]
    if added:
        return Found(_added(added[-1].code), (DIFF,))
    return Found("") if blocks else _unfenced(answer, task)


def _fitting(blocks: list[Block], task: Task) -> list[Block]:
    """Those that may be the task's language: Rule 1."""
    own = SPOKEN[task.language]
    near = SPOKEN.get(NEAR.get(task.language, ""), ())
    known = {word for words in SPOKEN.values() for word in words} | OTHERS
    for found in (
        [it for it in blocks if it.word in own],
        [it for it in blocks if it.word in near],
        [it for it in blocks if it.word not in known],
    ):
        if found:
            return found
    if len(blocks) != 1 or blocks[0].word in ("diff", "patch"):
        return []
    code = blocks[0].code
    return blocks if _looks_so(code, task) or _has(code, task.names, task.language) else []


def _looks_so(code: str, task: Task) -> bool:
    return bool(re.search(_CODE[task.language], code, re.MULTILINE))


def _chosen(blocks: Sequence[Block], task: Task) -> Found:
    """Rules 2 and 3."""
    unclosed = (UNCLOSED,) if not blocks[-1].is_closed else ()
    if len(blocks) == 1:
        return Found(blocks[0].code, unclosed)
    names, language = _names(blocks, task), task.language
    having = [it for it in blocks if _has(it.code, names, language)]
    whole = [it for it in having if len(_has(it.code, names, language)) == len(names)]
    if names and whole:
        kept = [whole[-1]]
    elif having:
        kept = _last_of_each(having, names, language)
    else:
        plain = [it for it in blocks if not _is_test(it.code)] or list(blocks)
        kept = [max(plain, key=lambda it: len(it.code))]
    kept = _with_used(kept, blocks, task)
    notes = (JOINED if len(kept) > 1 else SEVERAL,)
    ends = unclosed if blocks[-1] in kept else ()
    return Found(_joined(kept, task.language), (*notes, *ends))


def _names(blocks: Iterable[Block], task: Task) -> tuple[str, ...]:
    """What is asked for: as the tests say, or the last that the task began; else what blocks
    define and tests speak of."""
    begun = _defined(task.lead, task.language)[-1:]
    if task.names or begun:
        return task.names or tuple(begun)
    tests = "\n".join(it.data.decode("utf-8", "replace") for it in task.tests)
    words = set(re.findall(r"\w+", tests)) - set(_defined(tests, task.language))
    plain = (it.code for it in blocks if not _is_test(it.code))
    found = (name for code in plain for name in _defined(code, task.language))
    return tuple(dict.fromkeys(it for it in found if it in words))


def _defined(code: str, language: str) -> list[str]:
    """Functions and types at the left edge."""
    found = re.findall(_DEFINES[language], code, re.MULTILINE)
    return [name for it in found for name in ((it,) if isinstance(it, str) else it) if name]


def _has(code: str, names: Iterable[str], language: str) -> list[str]:
    known = set(_defined(code, language))
    known.update(re.findall(_VALUES.get(language, r"\bexports\.(\w+)\s*="), code, re.MULTILINE))
    return [it for it in names if it in known]


def _is_test(code: str) -> bool:
    return bool(re.search(_TESTS, code, re.MULTILINE))


def _last_of_each(having: list[Block], names: Sequence[str], language: str) -> list[Block]:
    last = {name: at for at, it in enumerate(having) for name in _has(it.code, names, language)}
    return [having[at] for at in sorted(set(last.values()))]


def _with_used(kept: list[Block], blocks: Sequence[Block], task: Task) -> list[Block]:
    """With blocks that have what these use, or that give more to their types: Rule 3."""
    language = task.language
    kept = list(kept)
    while True:
        words = {word for it in kept for word in re.findall(r"\w+", it.code)}
        there = {name for it in kept for name in _defined(it.code, language)}
        more = None
        for it in reversed(blocks):
            new = set(_defined(it.code, language))
            extends = set(re.findall(_EXTENDS.get(language, r"(?!)"), it.code, re.MULTILINE))
            is_clear = language in AGAIN or not new & there
            is_used = bool((new - there) & words) or bool(extends & there)
            if it not in kept and is_used and is_clear and not _is_test(it.code):
                more = it
                break
        if more is None:
            return [it for it in blocks if it in kept]
        kept.append(more)


def _joined(blocks: Sequence[Block], language: str) -> str:
    """One program of several: what each of them imports is said once, and first in Go."""
    if len(blocks) == 1:
        return blocks[0].code
    seen: set[str] = set()
    lines: list[str] = []
    for it in blocks:
        for line in it.code.split("\n"):
            first = line.partition(" ")[0].partition("(")[0]
            is_once = first in ONCE and line.rstrip().endswith((";", "'", '"', ")"))
            is_once = is_once or (language == "python" and first in ("import", "from"))
            if is_once and line in seen and not line.rstrip().endswith("("):
                continue
            seen.add(line)
            lines.append(line)
    text = "\n".join(lines)
    return _joined_go(text) if language == "go" else text


def _joined_go(text: str) -> str:
    package = re.search(r"^package \w+[^\n]*$", text, re.MULTILINE)
    text = re.sub(r"^package \w+[^\n]*\n?", "", text, flags=re.MULTILINE)
    imports: list[str] = []
    for pattern in (r"^import \(([^)]*)\)\n?", r"^import ([^\n(]+)\n?"):
        for said in re.findall(pattern, text, re.MULTILINE):
            imports += [it.strip() for it in said.split("\n") if it.strip()]
        text = re.sub(pattern, "", text, flags=re.MULTILINE)
    head = [package[0] if package else "package solution"]
    head += [f"import {it}" for it in dict.fromkeys(imports)]
    return "\n".join(head) + "\n\n" + text.strip("\n") + "\n"


def _added(code: str) -> str:
    """What a diff of a new file adds; "" where it changes one that nobody has."""
    lines = [it for it in code.split("\n") if it.strip()]
    head = ("+++", "---", "@@", "diff ", "index ", "new file", "\\")
    body = [it for it in lines if not it.startswith(head)]
    if not body or not all(it.startswith("+") for it in body):
        return ""
    kept = [it for it in code.split("\n") if it.startswith("+") and not it.startswith("+++")]
    return "\n".join(it[1:] for it in kept) + "\n"


_BEGUN = {
    "python": re.compile(
        r"(?:return|if|for|while|try|with|assert|raise|nonlocal|global)\b"
        r"|[\w\[\], .]{1,60}(?:[-+*/|&^%]|//|\*\*)?=(?!=)|[\"']{3}"
    )
}
_CALLS = re.compile(r"\s*[\w.]{1,60}\(.*\)[ \t]*\n+[ \t]+\S")
"""a call, and what is indented as a body is: the first line of it was trimmed"""
_ENDS = re.compile(r"[;})\]]\s*$")


def _bare(answer: str, task: Task) -> Found | None:
    """A reply that is code from its first sign on."""
    text = spoken(answer)
    first = next((it for it in text.split("\n") if it.strip()), "")
    if re.match(_CODE[task.language], first) and not first.endswith((".", ":)")):
        return Found(_ended(text, task), (UNFENCED,))
    if task.lead and _is_body(text, first, task.language):
        return Found(_ended(text, task), (UNFENCED,))
    return None


def _is_body(text: str, first: str, language: str) -> bool:
    """The rest of what a task began, without a word around it."""
    if language == "python":
        is_begun = _BEGUN["python"].match(first) or _CALLS.match(text)
        return first[:1] in (" ", "\t") or bool(is_begun)
    lines = [it for it in text.split("\n") if it.strip()]
    return bool(lines) and lines[-1].strip() in ("}", "})", "};") and bool(_ENDS.search(text))


def _ended(code: str, task: Task) -> str:
    """Of Python a body with the indent that a function's has: Rule 4."""
    lines = code.strip("\n").rstrip().split("\n")
    names = set(_defined(code, task.language))
    is_body = task.language == "python" and not names & set(_defined(task.lead, "python")[-1:])
    filled = [it for it in lines if it.strip()]
    if not task.lead or not is_body or not filled or filled[0][0].isspace():
        return "\n".join(lines) + "\n"
    depths = [len(it) - len(it.lstrip()) for it in filled[1:]]
    least = min(depths, default=0)
    opens = filled[0].rstrip().endswith(":")
    if least and (not opens or depths[0] > least or depths[0] >= 8):  # a chat has trimmed it
        lines[0] = " " * (4 if opens and depths[0] == least else least) + lines[0]
    elif not names:
        lines = [f"    {it}" if it.strip() else it for it in lines]
    return "\n".join(lines) + "\n"


def _unfenced(answer: str, task: Task) -> Found:
    """Code among prose: indented pieces, or from the first line that only a program has."""
    pieces = [it for it in indented(answer) if _looks_so(it.code, task)]
    if pieces:
        found = _chosen(pieces, task)
        return Found(found.code, (UNFENCED, *found.notes))
    lines = spoken(answer).split("\n")
    starts = (at for at, it in enumerate(lines) if re.match(_CODE[task.language], it))
    start = next(starts, None)
    if start is None:
        return Found("")
    return Found(_until_prose(lines[start:], task.language), (UNFENCED,))


_PROSE = re.compile(r"^[A-Z][a-z']*(?: [\w',()`\"-]+){3,}.*[.!:?]\s*$")


def _until_prose(lines: list[str], language: str) -> str:
    """Up to a sentence at the left edge behind which no more code begins."""
    for at in range(len(lines) - 1, 0, -1):
        if re.match(_CODE[language], lines[at]) or lines[at].startswith((" ", "\t", "}", ")")):
            break
        if _PROSE.match(lines[at]) and not lines[at - 1].strip():
            return "\n".join(lines[:at]).rstrip() + "\n"
    return "\n".join(lines).rstrip() + "\n"
