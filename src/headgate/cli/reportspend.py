"""headgate report spend: what calls cost, by whom or what, and when."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from headgate.cli.charts import bar, columns, folded
from headgate.cli.reporting import GATEWAY, Found, Opened, share
from headgate.cli.tail import plain
from headgate.cli.terminal import dollars, out, print_table
from headgate.ledger.book.question import Reply, ask
from headgate.ledger.book.questions.spend import SPEND, STEPS, Spend

NOBODY = "(none)"
WIDTH = 72
OTHERS = "({} others)"


def gather(it: Opened, step: str) -> Found:
    whole = ask(it.asks, SPEND, it.cut)
    over_time = ask(it.asks, SPEND, it.cut._replace(by="source", step=step))
    return {"spend": whole, "spend_over_time": Reply(_summed(over_time.rows), ())}


def _summed(rows: list[Spend]) -> list[Spend]:
    """One line for each hour or day."""
    sums: dict[int, list[int]] = defaultdict(lambda: [0] * len(Spend._fields[2:]))
    for row in rows:
        sums[row.at_us] = [a + b for a, b in zip(sums[row.at_us], row[2:], strict=True)]
    return [Spend(at_us, "", *values) for at_us, values in sorted(sums.items())]


def show(it: Opened, found: Found, step: str) -> None:
    rows: list[Spend] = found["spend"].rows
    total = sum(row.cost_nusd for row in rows)
    kept = rows[: it.cut.limit]
    if len(rows) > len(kept):
        rest = zip(*(row[2:] for row in rows[it.cut.limit :]), strict=True)
        kept.append(Spend(0, OTHERS.format(len(rows) - len(kept)), *map(sum, rest)))
    largest = max((row.cost_nusd for row in kept), default=0)
    by = it.cut.by or "model"
    heads = (by, "calls", "input", "from cache", "output", "cost", "share", "")
    table = [
        (
            _name(it, by, row.name),
            f"{row.calls:,}",
            f"{row.tokens_in:,}",
            share(row.cache_read, row.tokens_in),
            f"{row.output:,}",
            dollars(row.cost_nusd),
            share(row.cost_nusd, total),
            bar(row.cost_nusd, largest, 16),
        )
        for row in kept
    ]
    whole = " (a call with two tags is under both)" if by == "tag" else f": {dollars(total)}"
    print_table(heads, table, title=f"Spend by {by}{whole}")
    _chart(found["spend_over_time"].rows, step)


def _name(it: Opened, by: str, name: str) -> str:
    if by == "key":
        name = it.key(name)
    if by == "source":
        name = name or GATEWAY
    return plain(name) or NOBODY


def _chart(rows: list[Spend], step: str) -> None:
    if len(rows) < 2:
        return
    first, last = rows[0].at_us, rows[-1].at_us
    cost = {row.at_us: row.cost_nusd for row in rows}
    values = [float(cost.get(at, 0)) for at in range(first, last + 1, STEPS[step])]
    drawn = folded(values, WIDTH)
    each = -(-len(values) // WIDTH)
    unit = step if each == 1 else f"{each} {step}s"
    largest = max(drawn)
    out().print(f"Spend by {unit} (UTC), at most {dollars(round(largest))}", highlight=False)
    for line in columns(drawn):
        out().print(line, highlight=False, markup=False)
    end = _when(last, step)
    out().print(f"{_when(first, step):<{max(1, len(drawn) - len(end))}}{end}", highlight=False)


def _when(at_us: int, step: str) -> str:
    at = datetime.fromtimestamp(at_us / 1e6, UTC)
    return f"{at:%Y-%m-%d %H:%M}" if step == "hour" else f"{at:%Y-%m-%d}"
