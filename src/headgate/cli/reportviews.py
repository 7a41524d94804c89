"""headgate report prefixes, tools, latency and hours: their tables."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.cli.charts import bar, week
from headgate.cli.reporting import Found, Opened, say_left_out, share
from headgate.cli.tail import plain
from headgate.cli.terminal import dollars, out, print_table, say
from headgate.ledger.book.question import ask
from headgate.ledger.book.questions import hours, latency, prefixes, tools
from headgate.ledger.book.questions.latency import Times
from headgate.ledger.book.questions.prefixes import Gaps, Prefix

MONEY, CALLS = "cost", "calls"

# ---- prefixes


def gather_prefixes(it: Opened) -> Found:
    repeated = ask(it.asks, prefixes.REPEATED, it.cut)
    heads = tuple(row.head for row in repeated.rows)
    narrow = it.cut._replace(by="head", heads=heads, limit=10 * it.cut.limit)
    found: Found = {
        "heads": ask(it.asks, prefixes.DISTINCT, it.cut),
        "prefixes": repeated,
        "prefix_gaps": ask(it.asks, prefixes.GAPS, it.cut._replace(by="")),
    }
    if heads:
        found["gaps_of_prefixes"] = ask(it.asks, prefixes.GAPS, narrow)
        found["prefix_costs"] = ask(it.asks, prefixes.COSTS, narrow)
    return found


def show_prefixes(it: Opened, found: Found) -> None:
    told = found["heads"].rows[0]
    if told.calls:
        out().print(
            f"{told.heads:,} distinct system prompts (and tools) in {told.calls:,} calls;"
            f" {told.unknown:,} calls have none, or are too short for a cache.",
            highlight=False,
        )
    else:
        say("no call in this time tells its system prompt")
    gaps: dict[tuple[int, str], Gaps] = {}
    cost: dict[tuple[int, str], int] = {}
    if "gaps_of_prefixes" in found:
        gaps = {(row.head, row.model): row for row in found["gaps_of_prefixes"].rows}
        cost = {(it.head, it.model): it.input_nusd for it in found["prefix_costs"].rows}
    rows: list[Prefix] = found["prefixes"].rows
    if rows:
        heads = (
            "prefix", "model", "calls", "tokens x calls", "calls that read", "input cost",
            "again in 5m", "in 30m", "in 1h", "later",
        )  # fmt: skip
        table = [
            _prefix(row, gaps.get((row.head, row.model)), cost.get((row.head, row.model), 0))
            for row in rows
        ]
        print_table(heads, table, title="Prefixes that repeat")
    whole: Gaps = found["prefix_gaps"].rows[0]
    if whole.all:
        parts = (
            ("up to 5 minutes", whole.within_5m),
            ("up to 30 minutes", whole.within_30m),
            ("up to 1 hour", whole.within_1h),
            ("longer", whole.longer),
        )
        largest = max(count for _, count in parts)
        print_table(
            ("till it comes again", "times", "share", ""),
            [(n, f"{c:,}", share(c, whole.all), bar(c, largest)) for n, c in parts],
            title="How soon prefixes come again, all together",
        )
    say_left_out(found, "system prompts")


def _prefix(row: Prefix, gaps: Gaps | None, nusd: int) -> tuple[str, ...]:
    spread = [gaps.within_5m, gaps.within_30m, gaps.within_1h, gaps.longer] if gaps else []
    shares = [share(count, sum(spread)) for count in spread] or [""] * 4
    return (
        row.name,
        plain(row.model),
        f"{row.calls:,}",
        f"{row.tokens:,}",
        share(row.reading, row.calls),
        dollars(nusd),
        *shares,
    )


# ---- tools


def gather_tools(it: Opened) -> Found:
    return {
        "tools": ask(it.asks, tools.USING, it.cut),
        "tool_names": ask(it.asks, tools.NAMES, it.cut),
    }


def show_tools(it: Opened, found: Found) -> None:
    by = it.cut.by or "model"
    heads = (
        by, "calls", "tools offered", "on average", "idle", "tool calls", "per call", "failed",
        "cost",
    )  # fmt: skip
    table = [
        (
            plain(it.key(row.name) if by == "key" else row.name) or "(none)",
            f"{row.calls:,}",
            share(row.offering, row.calls),
            f"{row.offered / row.offering:.1f}" if row.offering else "",
            share(row.idle, row.offering),
            f"{row.called:,}",
            f"{row.called / row.calls:.2f}",
            f"{row.failed:,}" if row.failed else "",
            dollars(row.cost_nusd),
        )
        for row in found["tools"].rows
    ]
    if not table:
        say("no call in this time tells of tools")
    else:
        print_table(heads, table, title="Tools offered and called")
        say("idle: of the calls that offered tools, those that called none")
    names = found["tool_names"].rows
    if names:
        largest = max(row.uses for row in names)
        print_table(
            ("tool", "uses", "in calls", "calls with a failure", ""),
            [
                (
                    plain(row.name),
                    f"{row.uses:,}",
                    f"{row.calls:,}",
                    f"{row.failing:,}",
                    bar(row.uses, largest),
                )
                for row in names
            ],
            title="Tools by name",
        )
    elif table:
        say("no source in this time tells which tools were called")
    say_left_out(found, "tools")


# ---- latency

_MEASURES = (
    ("latency", "Time until the last byte", 1e6, "s"),
    ("first_content", "Time until the first content (streams)", 1e6, "s"),
    ("speed", "Tokens written per second (streams)", 1.0, ""),
)


def gather_latency(it: Opened) -> Found:
    return {
        question.name: ask(it.asks, question, it.cut)
        for question in (latency.TOOK, latency.FIRST, latency.SPEED)
    }


def show_latency(it: Opened, found: Found) -> None:
    by = "prompt" if it.cut.by == "size" else "model"
    if not any(reply.rows for reply in found.values()):
        say("no call in this time tells how long it took")
    for name, title, unit, sign in _MEASURES:
        rows: list[Times] = found[name].rows
        if by == "prompt":
            rows = sorted(rows, key=lambda row: int(row.name) or 2**62)
        table = [_times(row, by, unit, sign) for row in rows[: it.cut.limit]]
        if table:
            print_table((by, "calls", "p50", "p90", "p99"), table, title=title)
    say_left_out(found, "times")


def _times(row: Times, by: str, unit: float, sign: str) -> tuple[str, ...]:
    name = row.name
    if by == "prompt":
        largest = f"over {latency.SIZES[-1]:,}" if name == "0" else f"up to {int(name):,}"
        name = f"{largest} tokens"
    digits = 2 if unit > 1 else 0
    levels = [f"{level / unit:,.{digits}f} {sign}".rstrip() for level in row.levels]
    return plain(name), f"{row.calls:,}", *levels


# ---- hours


def gather_hours(it: Opened) -> Found:
    return {"hours": ask(it.asks, hours.HOURS, it.cut)}


def show_hours(it: Opened, found: Found) -> None:
    rows: Sequence[hours.Hour] = found["hours"].rows
    if not rows:
        say("no call in this time has an hour")
        return
    by = it.cut.by or MONEY
    values = {
        (row.weekday, row.hour): float(row.calls if by == CALLS else row.cost_nusd)
        for row in rows
    }
    if not any(values.values()):
        by, values = CALLS, {(row.weekday, row.hour): float(row.calls) for row in rows}
    peak = max(rows, key=lambda row: values[row.weekday, row.hour])
    most = f"{peak.calls:,} calls" if by == CALLS else dollars(peak.cost_nusd)
    out().print(f"{by.capitalize()} by hour of the week (UTC), at most {most}", highlight=False)
    for line in week(values):
        out().print(line, highlight=False, markup=False)
