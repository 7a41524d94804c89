"""headgate report sessions: the dearest conversations, how costs are spread, and one of them
call by call.
"""

from __future__ import annotations

from datetime import UTC, datetime

from headgate.cli import Trouble
from headgate.cli.charts import bar, columns, folded
from headgate.cli.reporting import Found, Opened, say_left_out, share
from headgate.cli.tail import plain
from headgate.cli.terminal import dollars, out, print_table, say
from headgate.ledger.book.question import Reply, ask
from headgate.ledger.book.questions import sessions
from headgate.ledger.book.questions.sessions import CONSPICUOUS, Facts, Session, Turn

WIDTH = 72


def gather(it: Opened) -> Found:
    top = ask(it.asks, sessions.TOP, it.cut)
    named = tuple(row.session for row in top.rows)
    facts: Reply[Facts] = Reply([], ())
    if named:
        facts = ask(it.asks, sessions.FACTS, it.cut._replace(sessions=named))
    return {
        "sessions": top,
        "session_facts": facts,
        "session_spread": ask(it.asks, sessions.SPREAD, it.cut),
        "session_histogram": ask(it.asks, sessions.HISTOGRAM, it.cut),
    }


def gather_one(it: Opened, session: str) -> Found:
    """One session, which may be named by how its name begins."""
    beginning = ask(it.asks, sessions.BEGINNING, it.cut._replace(session=session, limit=3))
    names = [row.session for row in beginning.rows]
    if not names:
        raise Trouble(
            f"no session begins with {session} in that time",
            "`headgate report sessions` lists the dearest; --since looks further back",
        )
    if len(names) > 1 and session not in names:
        raise Trouble(
            f"several sessions begin with {session}: {', '.join(names)}", "write more of one"
        )
    name = session if session in names else names[0]
    return {"session_calls": ask(it.asks, sessions.TURNS, it.cut._replace(session=name))}


def show(it: Opened, found: Found) -> None:
    spread = found["session_spread"].rows[0]
    if not spread.sessions:
        say("no call in this time belongs to a session")
        say_left_out(found, "sessions")
        return
    half, most, nearly = spread.levels_nusd
    out().print(
        f"{spread.sessions:,} sessions cost {dollars(spread.cost_nusd)}: half of them up to"
        f" {dollars(half)}, 90 % up to {dollars(most)}, 99 % up to {dollars(nearly)}.\n"
        f"{spread.conspicuous:,} cost more than {CONSPICUOUS} times the median, together"
        f" {dollars(spread.conspicuous_nusd)}"
        f" ({share(spread.conspicuous_nusd, spread.cost_nusd)}).\n",
        highlight=False,
    )
    facts = {(row.key_id, row.session): row for row in found["session_facts"].rows}
    heads = (
        "session", "key", "model", "project", "calls", "took", "input", "from cache",
        "longest prompt", "cost", "x median",
    )  # fmt: skip
    table = [
        _row(it, row, facts.get((row.key_id, row.session))) for row in found["sessions"].rows
    ]
    print_table(heads, table, title="The dearest sessions")
    classes = found["session_histogram"].rows
    largest = max(row.sessions for row in classes)
    print_table(
        ("cost from", "sessions", "together", ""),
        [
            (
                dollars(row.low_nusd),
                f"{row.sessions:,}",
                dollars(row.cost_nusd),
                bar(row.sessions, largest),
            )
            for row in classes
        ],
        title="Sessions by what they cost",
    )
    say_left_out(found, "sessions")


def _row(it: Opened, row: Session, facts: Facts | None) -> tuple[str, ...]:
    mark = " !" if row.conspicuous else ""
    return (
        plain(row.session),
        plain(it.key(row.key_id)),
        plain(facts.model if facts else ""),
        plain(facts.project if facts else ""),
        f"{row.calls:,}",
        _span((row.last_us - row.first_us) / 1e6),
        f"{facts.input:,}" if facts else "",
        share(facts.read, facts.input) if facts else "",
        f"{facts.longest:,}" if facts else "",
        dollars(row.cost_nusd),
        f"{row.times:.1f}{mark}" if row.median_nusd else "",
    )


def show_one(it: Opened, found: Found) -> None:
    turns: list[Turn] = found["session_calls"].rows
    lost = sessions.cliffs(turns)
    cost = sum(row.cost_nusd for row in turns)
    first, last = turns[0], turns[-1]
    out().print(
        f"Session {plain(first.session)} of {plain(it.key(first.key_id)) or 'no key'}:"
        f" {len(turns):,} calls, {dollars(cost)},"
        f" {_span((last.at_us - first.at_us) / 1e6)} long, {len(lost)} cache cliffs",
        highlight=False,
    )
    heights = [float(row.context) for row in turns]
    each = max(1, -(-len(turns) // WIDTH))
    drawn = [value / each for value in folded(heights, WIDTH)]
    out().print(f"Tokens of the prompt, at most {round(max(heights)):,}", highlight=False)
    for line in columns(drawn):
        out().print(line, highlight=False, markup=False)
    heads = (
        "at (UTC)", "agent", "model", "prompt", "from cache", "written", "output", "tools",
        "took", "cost", "",
    )  # fmt: skip
    kept = turns if len(turns) <= it.cut.limit else _telling(turns, lost, it.cut.limit)
    print_table(heads, [_turn(row, row.id in lost) for row in kept])
    if len(kept) < len(turns):
        say(f"{len(kept)} of {len(turns)} calls: the dearest, and cliffs; --limit shows more")


def _telling(turns: list[Turn], lost: set[str], limit: int) -> list[Turn]:
    """The cliffs and the dearest, in their order."""
    ranked = sorted(turns, key=lambda row: (row.id not in lost, -row.cost_nusd))
    kept = {row.id for row in ranked[:limit]}
    return [row for row in turns if row.id in kept]


def _turn(row: Turn, cliff: bool) -> tuple[str, ...]:
    notes = [
        "cliff" if cliff else "",
        row.miss,
        row.fault or (row.ending if row.ending != "complete" else ""),
    ]
    tools = f"{row.tools_called}" if row.tools_called else ""
    if row.tools_failed:
        tools += f" ({row.tools_failed} failed)"
    at = datetime.fromtimestamp(row.at_us / 1e6, UTC)
    return (
        f"{at:%m-%d %H:%M:%S}",
        plain(row.agent),
        plain(row.model),
        f"{row.context:,}",
        share(row.cache_read, row.context),
        f"{row.written:,}",
        f"{row.output:,}",
        tools,
        _span(row.took_us / 1e6) if row.took_us else "",
        dollars(row.cost_nusd),
        plain(", ".join(filter(None, notes))),
    )


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s"
    if seconds < 5_400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} d"
