"""Calls to a dear model that a cheaper one answers as well.

Rule 1: it is a claim only where a comparison of both on such calls shows that the cheaper one
is not worse by more than a point in a hundred.
Rule 2: where nobody compared them, short answers without tools suggest it: that is a
hypothesis, with how many pairs would settle it.
Rule 3: tokens are counted as the other model counts them, and its answers may be longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from headgate.audit.about import (
    ANSWERED,
    ASKED,
    count,
    least_nusd,
    matching,
    share,
    subject,
    usd,
)
from headgate.audit.asked import WHOSE, rates_of
from headgate.audit.caching import MOST_FINDINGS
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.audit.otherwise import Change, replay
from headgate.audit.trials import Trial
from headgate.ledger.book.columns import PER_CALL, TOKENS_WRITTEN
from headgate.money.tokens import ratio
from headgate.stats.compare import MARGIN, Pairs, is_as_good, least_difference, pairs_needed
from headgate.wire.model import Usage

HOUR_US = 3_600_000_000
SHORT_ANSWER, LEAST_CALLS = 300, 50
"""tokens, on average, of an answer that sorts or extracts; and calls that make it a habit"""
STEPS = (
    *(("fable", "opus"), ("mythos", "opus"), ("opus", "sonnet"), ("sonnet", "haiku")),
    *(("-sol", "-terra"), ("-terra", "-luna"), ("-pro", "-flash"), ("-large", "-small")),
)
"""the next cheaper model of a family, by what is another word in its name"""

_SHORT = f"""
SELECT {", ".join(WHOSE)}, count(*) AS calls, sum(cost_nusd)::BIGINT AS nusd,
  avg(input_fresh), avg(cache_read), avg({TOKENS_WRITTEN}), avg(output), max(at_us)
FROM book WHERE {ASKED} AND {ANSWERED} AND {{able}} AND cost_nusd > 0
GROUP BY ALL HAVING calls >= {LEAST_CALLS} AND avg(output) <= {SHORT_ANSWER}
  AND max(tools_offered) = 0 AND max(tools_called) = 0 AND nusd >= {{least}}
ORDER BY nusd DESC, key_id, model_sent
"""


def judge(evidence: Evidence) -> Iterator[Finding]:
    least = least_nusd(evidence)
    tried = [_tried(evidence, trial) for trial in evidence.trials]
    yield from (it for it in tried if it is not None and it.saving_nusd >= least)
    found = 0
    for row in evidence.book.rows(_SHORT.format(able=evidence.able(RULE.needs), least=least)):
        guess = None if _is_tried(evidence, row[4], row[3]) else _guess(evidence, row)
        if guess is not None and guess.saving_nusd >= least and found < MOST_FINDINGS:
            found += 1
            yield guess


def _tried(evidence: Evidence, trial: Trial) -> Finding | None:
    """What a comparison shows; None: none of its calls are there."""
    where = f"{_about(evidence, trial)} AND {matching(model_sent=trial.model)} AND calls > 0"
    found = replay(evidence, Change(trial.to, answers=trial.answers), where=where)
    if not found or found[0].saved_nusd <= 0:
        return None
    (seen,) = found
    proven = is_as_good(trial.seen)
    least = least_difference(trial.seen)
    return Finding(
        rule=RULE.name,
        subject=f"{trial.about} {trial.value}, model {trial.model}",
        saving_nusd=seen.saved_nusd,
        confidence="strong" if proven else "hypothesis",
        what=f"{count(seen.calls)} calls for {usd(seen.was_nusd)} would have cost"
        f" {usd(seen.would_nusd)} on {trial.to}, {share(seen.saved_nusd, seen.was_nusd)} less."
        f" In {count(trial.seen.asked)} comparisons it was"
        f" {abs(trial.seen.difference) * 100:.1f} points"
        f" {'better' if trial.seen.difference >= 0 else 'worse'}, and at worst"
        f" {max(0.0, -least) * 100:.1f} worse (95 %).",
        change=_change(_seller(evidence, where, trial), trial.model, trial.to),
        lever="downshift",
        where=where,
        scope=_about(evidence, trial),
        rows=seen.calls,
        ceiling_nusd=seen.saved_nusd,
        needs="" if proven else _needed(trial),
        figures={"to": trial.to, "unfit": seen.unfit, "least_difference": least},
    )


def _is_tried(evidence: Evidence, key_id: str, model: str) -> bool:
    """Did somebody compare what may be these calls?"""
    name = evidence.names.get(key_id, key_id)
    return any(
        it.model == model and (it.about != "key" or it.value in (name, key_id))
        for it in evidence.trials
    )


def _about(evidence: Evidence, trial: Trial) -> str:
    if trial.about == "purpose":
        return matching(purpose=trial.value).replace("purpose", f"({evidence.purpose})", 1)
    if trial.about == "head":
        return f"head = {int(trial.value, 16)}"
    ids = [key for key, name in evidence.names.items() if name == trial.value]
    return matching(key_id=ids[0] if ids else trial.value)


def _needed(trial: Trial) -> str:
    if least_difference(trial.seen) <= trial.seen.difference < -MARGIN:
        return "another model: this one is worse by more than a point"
    differ = (
        max(1, trial.seen.lost + trial.seen.won) / trial.seen.asked
        if isinstance(trial.seen, Pairs)
        else 2 * max(0.01, 1 - trial.seen.first)
    )
    return f"{pairs_needed(discordance=differ):,} pairs of answers to the same questions"


def _guess(evidence: Evidence, row: tuple[Any, ...]) -> Finding | None:
    """What a cheaper model of the family would cost; None: there is none."""
    whose = dict(zip(WHOSE, row[:6], strict=True))
    provider, model, calls, nusd = row[1], row[3], row[6], row[7]
    to = cheaper(evidence, provider, model, row[12])
    if to is None:
        return None
    scale = float(ratio(to, model))
    fresh, read, written, said = (round(float(it) * scale) for it in row[8:12])
    usage = Usage(fresh, read, written, output=said)
    cost = rates_of(evidence, provider, to, row[12]).cost(usage).total_nusd * calls
    who = {"key_id": row[4]} if row[4] or not row[5] else {}
    where = matching(**whose)
    return Finding(
        rule=RULE.name,
        subject=subject(evidence, **who, project=row[5], model_sent=model),
        saving_nusd=nusd - cost,
        confidence="hypothesis",
        what=f"{count(calls)} calls for {usd(nusd)} ask for short answers"
        f" ({count(row[11])} tokens) without tools; on {to} they would cost {usd(cost)}."
        " Nothing here shows whether its answers are as good.",
        change=_change(provider, model, to),
        lever="downshift",
        where=where,
        scope=where,
        rows=calls,
        needs=f"{pairs_needed():,} pairs of answers to the same questions (a margin of one"
        " point, 2 % that differ, 80 % power), given with --evidence FILE",
        figures={"to": to, "calls": calls, "tokens_in_scale": scale},
    )


def cheaper(evidence: Evidence, provider: str, model: str, at_us: int) -> str | None:
    """The next cheaper model of a family; None: there is none, or it is not cheaper."""
    for word, other in STEPS:
        name = model.replace(word, other)
        if name == model:
            continue
        now, then = (rates_of(evidence, provider, it, at_us) for it in (model, name))
        sample = Usage(10_000, output=1_000)
        if (
            then.priced_by == "catalog"
            and then.cost(sample).total_nusd < now.cost(sample).total_nusd
        ):
            return name
    return None


def _seller(evidence: Evidence, where: str, trial: Trial) -> str:
    """Who sells the cheaper model: of one family who was asked till now, else its maker."""
    if trial.to.split("-")[0] == trial.model.split("-")[0]:
        (asked,) = evidence.book.one(f"SELECT mode(provider) FROM book WHERE {where}")
        return str(asked or "")
    return evidence.catalog.maker(trial.to)


def _change(provider: str, model: str, to: str) -> str:
    rung = f"{provider or 'PROVIDER'}:{to}"
    return f'name {to} in these calls, or in headgate.toml:\n[models]\n"{model}" = ["{rung}"]'


def fires_on() -> Sequence[dict[str, Any]]:
    """A word for an answer, from a model of the first class."""
    return [_call(n) for n in range(60)]


def silent_on() -> Sequence[dict[str, Any]]:
    """The same of the cheapest model; and long answers, and tools."""
    small = [
        _call(n) | {"key_id": "small", "model_sent": "claude-haiku-5-5"} for n in range(60)
    ]
    long = [_call(n) | {"key_id": "long", "output": 2_000} for n in range(60)]
    agent = [_call(n) | {"key_id": "agent", "tools_offered": 12} for n in range(60)]
    return [*small, *long, *agent]


def _call(hour: int) -> dict[str, Any]:
    return {
        "at_us": 1_793_577_600_000_000 + hour * HOUR_US,
        "key_id": "triage",
        "model_sent": "claude-opus-5-5",
        "input_fresh": 3_000,
        "output": 12,
    }


RULE = Rule(
    "model_overkill",
    "dearer models than the work needs",
    frozenset((PER_CALL,)),
    judge,
    fires_on,
    silent_on,
)
