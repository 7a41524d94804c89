"""What a call would be charged to: the accounts it counts against, what it would set aside of
each, and within which bound each is held.

Rule 1: it asks the functions the gateway asks, and the ledger as it stands; what running calls
have set aside is known to the gateway alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from headgate.cli.capping import budget_told, limits_told
from headgate.cli.terminal import dollars
from headgate.cli.where import explained
from headgate.config import Config, abilities, resolve
from headgate.config.caps import in_force
from headgate.money.catalog import Catalog
from headgate.policy import demand, quote
from headgate.policy.demand import NOT_SAID, OLDER, Demand
from headgate.policy.glob import matches
from headgate.policy.quote import Learned, Quote, Tariff
from headgate.providers import meeting_surface
from headgate.store import remaining
from headgate.store.keys import Key
from headgate.store.place import Place, connect_reader, there_is
from headgate.wire import SURFACES
from headgate.wire.envelope import Envelope

BOUNDS = {
    "hard": "it is passed only by what a vendor charges beyond the worst case (rounds of its"
    " own tools that read the window again, a tier nobody asked for, a price that rose), and"
    " where a process dies or is cut off from the store, by what it had not told there yet",
    "soft": "it is passed by no more than what running calls cost beyond their estimates",
    "watch": "nothing is refused; it only warns",
    "requests": "in any minute no more than the amount, one burst, and of each process a"
    " second's share",
    "tokens": "in any minute no more than twice the amount, of each process a second's share,"
    " and what running calls use beyond their estimates",
    "concurrent": "never more at once, over all processes",
}
"""in which sense each is kept"""
RESERVES = {"hard": "worst", "soft": "probable", "watch": "nothing"}


class Asking(NamedTuple):
    """The call, and who makes it."""

    model: str
    surface: str
    envelope: Envelope | None
    key: Key | None
    tags: tuple[str, ...] = ()
    """its own, declared by the caller"""


def weigh(config: Config, asking: Asking, ledger: Place, at: datetime) -> dict[str, Any]:
    """Everything about what the call costs and whom, before it is sent."""
    key = asking.key
    accounts, own = ((), []) if key is None else (key.accounts(), remaining.levels(key))
    known = {name for name, _ in config.caps.tags}
    accounts = (*accounts, *(f"tag:{tag}" for tag in asking.tags if tag in known))
    capped = in_force(config.caps, accounts, own)
    now_us = int(at.timestamp() * 1_000_000)
    with _reader(ledger) as reader:
        told = remaining.remaining(reader, capped, now_us)
    told += [
        {"account": f"model:{pattern}", "of": f"model {pattern!r}", "budgets": [],
         "lower_output": False, "limits": remaining.limits_told(limits)}
        for pattern, limits in config.caps.models
        if matches(pattern, asking.model)
    ]  # fmt: skip
    bill = _Bill.of(config, asking, at)
    return {
        "accounts": list(dict.fromkeys(("house", *accounts))),
        "capped": [_with_bounds(it, bill) for it in told],
        "reservation": bill.told() if bill is not None else None,
        "max_wait_s": config.caps.wait_s,
    }


@contextlib.contextmanager
def _reader(ledger: Place) -> Iterator[Any]:
    if not there_is(ledger):
        yield None
        return
    with explained(), contextlib.closing(connect_reader(ledger)) as reader:
        yield reader


class _Bill(NamedTuple):
    """The call quoted at every target of its ladder."""

    demand: Demand
    floor: int
    tariffs: tuple[Tariff, ...]
    quotes: tuple[Quote, ...]

    @classmethod
    def of(cls, config: Config, asking: Asking, at: datetime) -> _Bill | None:
        route = resolve(config, asking.model)
        if asking.envelope is None or route is None:
            return None
        catalog = Catalog.load(config.prices.rules)
        providers = {provider.name: provider for provider in config.providers}
        tariffs = []
        for rung in route.ladder:
            it, model = providers[rung.provider], rung.model or asking.model
            if not meeting_surface(it, asking.surface):
                continue
            rates = catalog.rates(it.prices, model, at, free=it.free, seller=it.name)
            native = asking.surface == "chat" and "chat" in it.paths
            field = abilities(config, it, model).max_tokens_field if native else ""
            tariffs.append(
                Tariff(
                    f"{it.name}:{model}",
                    rates,
                    writes_unasked=it.kind != "anthropic",
                    reads_older=field == OLDER,
                )
            )
        if not tariffs:
            return None
        asked = demand.read(SURFACES[asking.surface], asking.envelope)
        quotes = tuple(quote.quote(asked, each, Learned()) for each in tariffs)
        return cls(asked, quote.floor(asking.envelope), tuple(tariffs), quotes)

    def told(self) -> dict[str, Any]:
        most = quote.dearest(self.quotes)
        targets = {
            tariff.name: _quoted(tariff, self.demand, it)
            for tariff, it in zip(self.tariffs, self.quotes, strict=True)
        }
        return {
            "worst_nusd": most.worst_nusd,
            "probable_nusd": most.probable_nusd,
            "because": "the dearest of its targets: wherever the call ends, it is covered",
            "targets": list(targets.values()),
        }

    def lowered(self, left_nusd: int) -> int | None:
        """The bound on output that fits into what is left at every target."""
        fits = [quote.lowered(left_nusd, self.demand, it, self.floor) for it in self.tariffs]
        found = [each for each in fits if each is not None]
        return min(found) if len(found) == len(fits) else None


def _quoted(tariff: Tariff, asked: Demand, it: Quote) -> dict[str, Any]:
    fees = f" + {it.searches_most} searches" if it.searches_most else ""
    return {
        "target": tariff.name,
        "priced": tariff.is_priced,
        **it._asdict(),
        "formula": f"{it.input_most:,} input ({_why_input(asked, tariff)}) + {it.output_most:,}"
        f" output ({_why_output(asked, tariff)}){fees}, each at the dearest price the call"
        " could meet",
    }


def _why_input(asked: Demand, tariff: Tariff) -> str:
    if asked.surface == "count_tokens":
        return "counting costs nothing"
    if asked.elsewhere and asked.surface != "embeddings":
        return "the whole context window: it refers to what is not in the body"
    sent = asked.bytes + asked.extra
    if tariff.window and sent > tariff.window and asked.surface != "embeddings":
        return "the context window, which is less than its bytes"
    return f"a token for each of {asked.bytes:,} bytes and {asked.extra:,} for what goes along"


def _why_output(asked: Demand, tariff: Tariff) -> str:
    said = asked.older if tariff.reads_older and asked.surface == "chat" else asked.output
    if said == NOT_SAID:
        ignored = "that this server reads" if asked.output != NOT_SAID else ""
        return f"it names no bound {ignored}".rstrip() + ": the most the model may say"
    if tariff.max_output and asked.output > tariff.max_output:
        return f"it asks for {asked.output:,}, the model gives no more"
    times = f", {asked.choices} times" if asked.choices > 1 else ""
    return f"its own bound{times}" if asked.output else "none is asked for"


def _with_bounds(it: dict[str, Any], bill: _Bill | None) -> dict[str, Any]:
    """An account, with what the call takes of it and how well that is held."""
    limits = [
        {
            "limit": what,
            "amount": amount,
            "bound": BOUNDS["tokens" if what.endswith("tokens") else what],
        }
        for what, amount in it["limits"].items()
        if what != "burst"
    ]
    budgets = [
        budget
        | {"reserves": RESERVES[budget["kind"]], "bound": BOUNDS[budget["kind"]]}
        | (_taken(it, budget, bill) if bill is not None else {})
        for budget in it["budgets"]
    ]
    return it | {"limits": limits, "burst": it["limits"].get("burst"), "budgets": budgets}


def _taken(it: Mapping[str, Any], budget: Mapping[str, Any], bill: _Bill) -> dict[str, Any]:
    most = quote.dearest(bill.quotes)
    aside = {"hard": most.worst_nusd, "soft": most.probable_nusd, "watch": 0}[budget["kind"]]
    left = budget["remaining_nusd"]
    fits = aside <= left
    told: dict[str, Any] = {"reserved_nusd": aside, "fits": fits, "lowered_to": None}
    if not fits and it["lower_output"] and budget["kind"] == "hard":
        told["lowered_to"] = bill.lowered(left)
    return told


def lines(told: Mapping[str, Any]) -> list[str]:
    """The same for people."""
    found = [f"  charged to {', '.join(told['accounts'])}"]
    reservation = told["reservation"]
    if reservation is not None:
        found.append(
            f"  costs   {dollars(reservation['worst_nusd'])} at the worst, probably"
            f" {dollars(reservation['probable_nusd'])}"
        )
        found += [f"          {it['target']}: {it['formula']}" for it in reservation["targets"]]
    for it in told["capped"]:
        found += _lines_of(it)
    if not told["capped"]:
        found.append("          no limit and no budget stands over them")
    elif any(it["limits"] for it in told["capped"]):
        found.append(f"          what is short is waited for, up to {told['max_wait_s']:g} s")
    return found


def _lines_of(it: Mapping[str, Any]) -> Sequence[str]:
    found = []
    for limit in it["limits"]:
        amounts = {limit["limit"]: limit["amount"]}
        if limit["limit"] == "requests" and it["burst"]:
            amounts["burst"] = it["burst"]
        found.append(f"  limit   {it['of']}: {limits_told(amounts)}")
        found.append(f"          {limit['bound']}")
    for budget in it["budgets"]:
        left = dollars(budget["remaining_nusd"])
        found.append(f"  budget  {it['of']}: {budget_told(budget)}, {left} left")
        if "fits" in budget and budget["kind"] != "watch":
            found.append(f"          {_verdict(it, budget)}")
        found.append(f"          {budget['bound']}")
    return found


def _verdict(it: Mapping[str, Any], budget: Mapping[str, Any]) -> str:
    aside = f"{dollars(budget['reserved_nusd'])}, the {budget['reserves']}, is set aside"
    if budget["fits"]:
        return aside
    if budget["lowered_to"] is not None:
        return (
            f"{aside} no more: its output would be lowered to {budget['lowered_to']:,} tokens"
        )
    why = ", and too little output would fit" if it["lower_output"] else ""
    return f"429: {dollars(budget['reserved_nusd'])} cannot be set aside{why}"
