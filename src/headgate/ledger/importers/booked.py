"""Makes rows of the book of what is staged: one per call, the best of all that tell of it.

Rule 1: drafts with one id are one call. The one with the highest rank counts, then the dearest,
then the one that began first; what is still equal is decided by content, never by order.
Rule 2: such a call began with the first of its drafts in that session, and ended with the last;
a tool call counts once, however often it is told.
Rule 3: columns that no draft knows are as the book's defaults say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from headgate.ledger.book.columns import BOOK
from headgate.ledger.book.duck import Duck
from headgate.ledger.importers.priced import STATED, price
from headgate.ledger.importers.staging import COLUMNS, TEXTS
from headgate.ledger.importers.twofold import Twofold, found, lay
from headgate.money.catalog import Catalog

NO_MONEY = -(2**62)
"""stands for: the source does not say what it cost"""

_SAME = frozenset(it.name for it in BOOK) & frozenset(COLUMNS)
_PRICED = ("input_nusd", "cache_read_nusd", "cache_write_nusd", "output_nusd", "search_nusd")
_MADE = {
    "key_id": "key",
    "model_asked": "CASE WHEN model_asked = '' THEN model ELSE model_asked END",
    "model_sent": "model",
    "model_served": "model",
    "usage_from": "'provider'",
    "cost_nusd": " + ".join(_PRICED),
    "stated_nusd": f"CASE WHEN stated_nusd = {NO_MONEY} THEN NULL ELSE stated_nusd END",
    "head": "CAST(CASE WHEN head < 0 THEN head::HUGEINT + 18446744073709551616"
    " ELSE head END AS UBIGINT)",
    "at_us": "began",
    "took_us": "ended - began",
    "tools_called": "greatest(tools_called, coalesce(u.called, 0))",
    "tools_used": "coalesce(u.names, tools_used)",
    "tools_failed": "greatest(tools_failed, coalesce(u.failed, 0))",
    **{name: name for name in (*_PRICED, "uncached_nusd", "price_version", "priced_by")},
}
_ORDER = (
    "rank1 DESC, rank2 DESC, " + " + ".join(_PRICED) + " DESC, rank3 DESC, at_us, took_us DESC,"
    " session, agent, project, path, line"
)

_SUM = "span_us > 0 OR calls <> 1"


class Counts(NamedTuple):
    """What became of the drafts."""

    calls: int
    """how many rows there are, sums included"""
    twice: int
    """calls that stood in another file as well"""
    continued: int
    """drafts that told more of a call"""
    first_us: int
    last_us: int
    cost_nusd: int
    unpriced: dict[str, int]
    """models without a price -> rows that were priced at the ceiling, or not at all"""
    stated: int
    """rows that cost what their source states"""
    sums: int
    """rows that stand for several calls"""
    of_sums: int
    """calls that those stand for, as far as the source counts them"""
    twofold: list[Twofold]
    """days that two of the files tell"""


def bring(duck: Duck, staging: Path) -> None:
    """Fill the tables `staged` and `failed` with what is in a staging file."""
    import adbc_driver_manager as adbc
    import adbc_driver_sqlite

    uri = f"{staging.absolute().as_uri()}?mode=ro"
    names = ", ".join(
        f"coalesce(stated_nusd, {NO_MONEY}) AS stated_nusd" if it == "stated_nusd" else it
        for it in COLUMNS
    )
    # SQLite cannot say what type an empty table's columns have.
    typed = ", ".join(
        f"CAST({it} AS {'VARCHAR' if it in TEXTS else 'BIGINT'}) AS {it}" for it in COLUMNS
    )
    questions = {
        f"staged AS SELECT line, CAST(path AS VARCHAR) AS path, {typed}": (
            f"SELECT draft.rowid AS line, path, {names} FROM draft"  # noqa: S608 - our names
            " JOIN file ON draft.file = file.n"
        ),
        "failed AS SELECT CAST(tool_call AS VARCHAR) AS tool_call": (
            "SELECT DISTINCT tool_call FROM failed"
        ),
    }
    driver = adbc_driver_sqlite._driver_path()
    with (
        adbc.AdbcDatabase(driver=driver, uri=uri) as database,
        adbc.AdbcConnection(database) as connection,
    ):
        for table, question in questions.items():
            with adbc.AdbcStatement(connection) as statement:
                statement.set_sql_query(question)
                stream, _ = statement.execute_query()
                duck.register("stream", stream)
                duck.execute(f"CREATE OR REPLACE TABLE {table} FROM stream")
                duck.unregister("stream")


def book(duck: Duck, catalog: Catalog, source: str, import_id: str) -> Counts:
    """Make the table `ready` of the tables `staged` and `failed`."""
    price(duck, "staged", "priced", catalog)
    duck.execute("DROP TABLE staged")
    _use_tools(duck)
    duck.execute(f"""
        CREATE OR REPLACE TABLE best AS SELECT *,
          min(at_us) OVER told AS began, max(at_us + took_us) OVER told AS ended
        FROM priced WINDOW told AS (PARTITION BY id, session, agent)
        QUALIFY row_number() OVER (PARTITION BY id ORDER BY {_ORDER}) = 1
    """)  # noqa: S608 - our own names
    columns = ", ".join(f"{_value(it.name, it.default)} AS {it.name}" for it in BOOK)
    duck.execute(
        f"CREATE OR REPLACE TABLE ready AS SELECT {columns} FROM"  # noqa: S608 - the same
        " (SELECT *, CAST(? AS VARCHAR) AS source, CAST(? AS VARCHAR) AS import_id FROM best)"
        " LEFT JOIN used u USING (id)",
        [source, import_id],
    )
    ((drafts, in_files, ids),) = duck.execute(
        "SELECT count(*), count(DISTINCT (id, path)), count(DISTINCT id) FROM priced"
    ).fetchall()
    lay(duck, "priced")
    duck.execute("DROP TABLE priced")
    duck.execute("DROP TABLE best")
    return counted(duck, twice=in_files - ids, continued=drafts - in_files)


def counted(duck: Duck, *, twice: int, continued: int) -> Counts:
    """What the table `ready` holds."""
    ((calls, first, last, cost, stated, sums, of_sums),) = duck.execute(
        "SELECT count(*), coalesce(min(at_us), 0), coalesce(max(at_us), 0),"  # noqa: S608 - our names
        f" coalesce(sum(cost_nusd), 0), count(*) FILTER (priced_by = '{STATED}'),"
        f" count(*) FILTER ({_SUM}), coalesce(sum(calls) FILTER ({_SUM}), 0)::BIGINT"
        " FROM ready"
    ).fetchall()
    unpriced: list[tuple[Any, ...]] = duck.execute(
        "SELECT model_served, count(*) FROM ready WHERE priced_by IN ('ceiling', 'none')"
        " GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    return Counts(
        *(calls, twice, continued, first, last, int(cost)),
        unpriced=dict(unpriced),
        stated=stated,
        sums=sums,
        of_sums=of_sums,
        twofold=found(duck),
    )


def _value(name: str, default: str) -> str:
    if name in _MADE:
        return _MADE[name]
    if name in _SAME or name in ("source", "import_id"):
        return name
    kind = next(it.kind for it in BOOK if it.name == name)
    return f"CAST({default} AS {kind})"


def _use_tools(duck: Duck) -> None:
    """Make the table `used`: which tools each call called, and how often that failed."""
    duck.execute("""
        CREATE OR REPLACE TABLE used AS
        SELECT id, string_agg(name || ':' || n, ' ' ORDER BY n DESC, name) AS names,
          CAST(sum(n) AS BIGINT) AS called, CAST(sum(bad) AS BIGINT) AS failed
        FROM (
          SELECT id, name, count(*) AS n, count(f.tool_call) AS bad
          FROM (
            SELECT DISTINCT id, split_part(part, ' ', 1) AS tool_call,
              replace(substr(part, instr(part, ' ') + 1), ' ', '_') AS name
            FROM (SELECT id, unnest(string_split(tools, chr(10))) AS part
                  FROM priced WHERE tools <> '')
          ) LEFT JOIN failed f USING (tool_call) GROUP BY id, name
        ) GROUP BY id
    """)
