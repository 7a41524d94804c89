"""Decides how equality and order of a Rust type are found that the code wrote by hand.

Rule 1: an order is asked of the code, both ways round; equal data are equal without asking.
Rule 2: values that differ by no more than case or a trace are equal where the code says so, and
where the tests leave the making of them to the code.
Rule 3: any other claim that values are equal which differ is not believed.
"""

# ruff: noqa: E501 (Rust, line for line)

from __future__ import annotations

import re

from headgate.sandbox.verdict.rustcode import Code, Type, stem

VARIED = frozenset(
    ["bool", "char", "String", "Option", "Vec", "Box", "f32", "f64"]
    + [f"{sign}{size}" for sign in "iu" for size in (8, 16, 32, 64, "size")]
)
"""of which another value of the same look can be made"""
ORDERS = ("PartialOrd", "Ord")


def by_hand(code: Code, it: Type) -> frozenset[str]:
    """Which of equality, order and hash the code wrote itself."""
    if it.generics or "'" in it.text.partition("{")[0]:
        return frozenset()
    own = {stem(one.trait) for one in code.blocks
           if stem(one.owner) == it.name and "<" not in one.trait}  # fmt: skip
    return frozenset(own & {"PartialEq", "PartialOrd", "Ord", "Hash"})


def is_taken_apart(it: Type, tests: str) -> bool:
    """Whether tests make values of it, or read its fields."""
    if it.variants and it.variants[0][0]:
        return True
    sign = r"\(" if it.variants and it.variants[0][1] == "(" else r"\{"
    made = re.search(rf"(?<!impl )\b{it.name}\s*{sign}", tests)
    fields = "|".join(name for name, _ in it.variants[0][2]) if it.variants else ""
    return bool(made or (fields and re.search(rf"\.(?:{fields})\b(?!\s*\()", tests)))


def is_varied(it: Type) -> bool:
    """Whether other values of the same look can be made of it."""
    words = {word for kind in it.fields for word in re.findall(r"\w+", kind)}
    return bool(it.fields) and words <= VARIED and not it.variants[0][0]


def served(name: str, own: frozenset[str]) -> tuple[str, list[str]]:
    """What the code answers with, and what it is asked by."""
    lines, arms = [], []
    for trait, key, said, kind in (
        ("PartialEq", "eq", "a == b", "bool"),
        (
            "PartialOrd",
            "partial",
            "PartialOrd::partial_cmp(a, b)",
            "Option<std::cmp::Ordering>",
        ),
        ("Ord", "order", "Some(Ord::cmp(a, b))", "Option<std::cmp::Ordering>"),
    ):
        if trait in own:
            called = f"hg_{key}_{name}"
            lines.append(
                f"#[allow(unused)]\npub fn {called}(from: &mut &[u8], out: &mut Vec<u8>) -> Option<()> {{ "
                f"use hg_wire::{{Put, Take}}; let pairs = <Vec<({name}, {name})> as Take>::take(from)?; "
                f"let it: Vec<{kind}> = pairs.iter().map(|(a, b)| {said}).collect(); Put::hg_put(&it, out); Some(()) }}"
            )
            arms.append(called)
    return "\n".join(lines), arms


def judged(it: Type, own: frozenset[str], tests: str) -> str:
    """What the tests' type has in place of what is derived."""
    name, lines = it.name, []
    if "PartialEq" in own:
        same = _same(it)
        said = "false"
        if is_varied(it):
            whole = str(not is_taken_apart(it, tests)).lower()
            said = f'hg_order::equal("{name}", {whole}, self, other)'
            fields = [field for field, _ in it.variants[0][2]]
            made = ", ".join(f"{field}: self.{field}.vary(dice)" for field in fields)
            near = " && ".join(f"self.{field}.near(&other.{field})" for field in fields)
            lines.append(
                f"impl hg_order::Vary for {name} {{ fn vary(&self, dice: &mut hg_order::Dice) -> Self "
                f"{{ {name} {{ {made} }} }} fn near(&self, other: &Self) -> bool {{ {near} }} }}"
            )
        lines.append(
            f"impl PartialEq for {name} {{ fn eq(&self, other: &Self) -> bool {{ {same} || {said} }} }}"
        )
    if "Hash" in own or ("PartialEq" in own and "Hash" in it.derives):
        lines.append(
            f"impl std::hash::Hash for {name} {{ fn hash<H: std::hash::Hasher>(&self, _: &mut H) {{}} }}"
        )
    if "PartialOrd" in own:
        lines.append(f"impl PartialOrd for {name} {{ fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> "
                     f'{{ hg_order::ordered("hg_partial_{name}", self, other) }} }}')  # fmt: skip
    if "Ord" in own:
        lines.append(f"impl Ord for {name} {{ fn cmp(&self, other: &Self) -> std::cmp::Ordering {{ "
                     f'hg_order::ordered("hg_order_{name}", self, other).unwrap_or_else(|| hg_judge::gone("the code sent no value")) }} }}')  # fmt: skip
    return "\n".join(lines)


def _same(it: Type) -> str:
    """Whether two values have the same data."""
    if it.variants and it.variants[0][0]:
        arms = []
        for name, _, fields in it.variants:
            left = ", ".join(f"{field}: hga{at}" for at, (field, _) in enumerate(fields))
            right = ", ".join(f"{field}: hgb{at}" for at, (field, _) in enumerate(fields))
            both = " && ".join(f"hga{at} == hgb{at}" for at, _ in enumerate(fields)) or "true"
            arms.append(
                f"({it.name}::{name} {{ {left} }}, {it.name}::{name} {{ {right} }}) => {both}"
            )
        return f"(match (self, other) {{ {', '.join(arms)}, _ => false }})"
    fields = it.variants[0][2] if it.variants else ()
    return (
        "("
        + (" && ".join(f"self.{name} == other.{name}" for name, _ in fields) or "true")
        + ")"
    )
