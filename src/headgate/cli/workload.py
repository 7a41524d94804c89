"""The words that describe a workload on the command line, and what is made of them.

Rule 1: every mistake is told at once, with its option and its remedy.
Rule 2: what the command line says goes before what a preset or the ledger says; who says how
often a prefix is read drops every other word about it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import click

from headgate.cli import Misuse, Trouble
from headgate.money import amounts, preset
from headgate.money.catalog import Catalog, PriceRules
from headgate.money.forecast import Extra, Offer, review_labour
from headgate.money.offered import offered
from headgate.money.pattern import NONE, ONE, Caching, Part, Pattern, Peak
from headgate.money.rules import KEYS
from headgate.money.tiers import Limit, read, tiers_of

Decorated = TypeVar("Decorated", bound=Callable[..., object])
Said = Mapping[str, Any]
"""option -> what it was given; None or empty: nothing"""

PATTERN = {
    "requests": "Requests: 1.2M/month, 40k/day, 8/min.",
    "input": "Input tokens of one request, repeated prefix and all.",
    "output": "Output tokens of one reply, reasoning included.",
    "sizes": "Sizes of prompts instead of --input: 0.9:50k,0.1:150k is nine in ten of 50,000.",
    "peak": "Requests in the busiest minute: 8500/min, 120/s.",
    "burst": "Requests that come together: 400/2s.",
    "prefix": "Tokens at the start of each request that repeat.",
    "hit": "Share of requests that read the prefix from a cache: 0.7 or 70%.",
    "arrivals": "Instead of --hit: requests an hour with the same prefix: 9/h, 8/min.",
    "heads": "Instead of both: how many prefixes share the requests, at one rate all month.",
    "ttl": "How long a prefix is kept: 5m, 30m, 1h, 12h; default: the vendor's.",
    "ttft": "Seconds until a written prefix can be read: the time to the first token.",
    "batch": "Share of requests that can wait for a batch: 0.2.",
    "batch_hit": "Share of batched requests that read the prefix; default: at most 30%.",
    "growth": "From one month to the next: 5%.",
    "reasoning": "Share of output that is reasoning.",
    "searches": "Web searches per request.",
    "days": "Days of the month; default 30.",
    "counted_with": "The model whose tokenizer counted: Claude 4.7+ counts some 30 % more than"
    " older ones; each: none is converted.",
}
"""what describes a pattern, one word each"""

MONEY = {
    "tier_fee": "A month's fee for a rate tier, in dollars.",
    "cache_infra": "A month of a cache of your own, in dollars.",
    "review": "People who review: CHANGES,MINUTES,DOLLARS_AN_HOUR, such as 2400,6,100.",
    "self_hosted": "A month of machines of your own, to compare with, in dollars.",
}

MANY = {
    "model": "A model, or provider:model; repeat. Default: all that fit, cheapest first.",
    "price": "Your own prices per million: [MODEL:]input=3,output=15,cache_read=0.3.",
    "limit": "Your own limits a minute: [MODEL:]rpm=10000,itpm=2M,otpm=400k,tpm=1M.",
    "extra": "What else is paid a month: NAME=DOLLARS.",
}

OTHER = {
    "tier": "Your rate tier at the vendor: Start, Build, Scale; default: the lowest that fits.",
    "min_prefix": "The shortest prefix that is cached; default: the model's own minimum.",
    "on": "The day whose prices hold: 2026-11-01; default: today.",
    "preset": "A known workload; `headgate cost presets` lists them.",
}

EACH = "each"
"""instead of a model: each counts its own tokens, and none are converted"""

NOTHING: tuple[Any, ...] = (None, (), "")
HITS = ("hit", "arrivals", "heads", "measured")
"""each says how often a prefix is read; only one of them may"""

_LISTED = PriceRules()


class Asked(NamedTuple):
    """Everything that was said, as numbers."""

    pattern: Pattern
    offers: tuple[Offer, ...]
    named: bool
    """the models were named; else all that fit are meant"""
    extras: tuple[Extra, ...]
    limits: Mapping[str, tuple[Limit, ...]]
    """of each model, lowest tier first; none: unknown"""
    on: datetime
    prices: str
    """the price list and its version"""


def workload_options(command: Decorated) -> Decorated:
    """Every option that describes a workload, its models and their prices."""
    decorated: Any = command
    for name, text in reversed(list((PATTERN | MONEY | OTHER).items())):
        decorated = click.option(_option(name), name, help=text)(decorated)
    for name, text in reversed(list(MANY.items())):
        decorated = click.option(_option(name), name, multiple=True, help=text)(decorated)
    found: Decorated = decorated
    return found


def gathered(typed: Said, observed: Said | None = None) -> dict[str, Any]:
    """What the preset says, then the ledger, then the command line: the last one counts."""
    said: dict[str, Any] = {}
    for more in (_of_preset(typed.get("preset") or ""), observed or {}, typed):
        given = {name: value for name, value in more.items() if value not in NOTHING}
        if any(name in given for name in HITS):
            said = {name: value for name, value in said.items() if name not in HITS}
        if "input" in given:
            said.pop("sizes", None)
        if "prefix" in given and more is typed:
            said.pop("scales", None)
        said |= given
    return said


def asked(said: Said, own: PriceRules = _LISTED) -> Asked:
    """What was said, as numbers, or a Misuse that names every mistake.

    `own`: the operator's prices, which --price goes before.
    """
    read = _Reading(said)
    on = read.one("on", _day) or datetime.now(UTC)
    pattern = _pattern(read)
    extras = tuple(_extras(read))
    overrides = (*own.overrides, *_overrides(read))
    rules = PriceRules(ceiling=False, overrides=overrides)
    minimum = read.one("min_prefix", amounts.number)
    read.check()
    assert pattern is not None  # else check() has told why
    catalog = _catalog(rules)
    named = tuple(said.get("model") or ())
    offers = _offers(catalog, named, on)
    if minimum is not None:
        offers = tuple(Offer(it.model, it.rates, it.provider, int(minimum)) for it in offers)
    limits = _limits(said, offers)
    return Asked(pattern, offers, bool(named), extras, limits, on, catalog.version)


class _Reading:
    """Reads words, and remembers what was wrong with them."""

    def __init__(self, said: Said) -> None:
        self.said = said
        self.wrong: list[str] = []

    def one(self, name: str, reader: Callable[[str], Any], default: Any = None) -> Any:
        text = self.said.get(name)
        if text is None or text == "":
            return default
        if not isinstance(text, str):
            return text  # the ledger speaks in numbers
        try:
            return reader(text)
        except ValueError as error:
            self.wrong.append(f"{_option(name)}: {error}")
            return default

    def check(self) -> None:
        if self.wrong:
            raise Misuse(
                "\n       ".join(self.wrong),
                "such as: headgate cost --requests 1.2M/month --input 450 --output 280",
            )


def _pattern(read: _Reading) -> Pattern | None:
    days = read.one("days", _whole, 30)
    sizes = read.one("sizes", _sizes, ())
    mean = sum((part.share * part.value for part in sizes), NONE)
    if sizes and read.said.get("input"):
        read.wrong.append("--sizes: says what --input says; give one of them")
    burst, burst_s = read.one("burst", amounts.burst, (NONE, ONE))
    for name in ("requests", "output", *(() if sizes else ("input",))):
        if read.said.get(name) in (None, ""):
            read.wrong.append(f"{_option(name)}: is missing: {PATTERN[name]}")
    counted = str(read.said.get("counted_with") or "")
    words: dict[str, Any] = {
        "requests": read.one("requests", lambda text: amounts.per_month(text, days), NONE),
        "input": mean if sizes else read.one("input", amounts.number, NONE),
        "output": read.one("output", amounts.number, NONE),
        "sizes": sizes,
        "days": days,
        "peak": Peak(read.one("peak", amounts.per_minute, NONE), burst, burst_s),
        "caching": _caching(read),
        "batch": read.one("batch", amounts.share, NONE),
        "batch_hit": read.one("batch_hit", amounts.share),
        "growth": read.one("growth", amounts.growth, NONE),
        "reasoning": read.one("reasoning", amounts.share, NONE),
        "searches": read.one("searches", amounts.number, NONE),
        "counted_with": "" if counted == EACH else counted,
    }
    if read.wrong:
        return None
    try:
        return Pattern(**words)
    except ValueError as error:
        read.wrong += [f"--{line.replace('_', '-')}" for line in str(error).splitlines()]
        return None


def _caching(read: _Reading) -> Caching | None:
    prefix = read.one("prefix", amounts.number)
    if prefix is None:
        for name in ("hit", "arrivals", "heads", "ttl", "ttft"):
            if read.said.get(name) and not read.said.get("preset"):
                read.wrong.append(f"{_option(name)}: needs --prefix, the tokens that repeat")
        return None
    arrivals = read.one("arrivals", amounts.per_hour)
    heads = read.one("heads", _whole, 1)
    if heads != 1 and (arrivals is not None or read.said.get("hit")):
        read.wrong.append("--heads: --hit or --arrivals say already how often a prefix comes")
    return Caching(
        prefix,
        hit=read.one("hit", amounts.share),
        measured=tuple(read.said.get("measured") or ()),
        arrivals=(Part(ONE, arrivals),) if arrivals is not None else (),
        heads=heads,
        ttl=read.said.get("ttl") or "",
        readable_s=read.one("ttft", amounts.number, NONE),
        scales=bool(read.said.get("scales")),
    )


def _whole(text: str) -> int:
    found = amounts.number(text)
    if found.denominator != 1:
        raise ValueError(f"{text!r} is no whole number")
    return int(found)


def _sizes(text: str) -> tuple[Part, ...]:
    found = []
    for item in text.split(","):
        share, colon, tokens = item.partition(":")
        if not colon:
            raise ValueError(f"{item!r} is no size; write SHARE:TOKENS, such as 0.9:50k")
        found.append(Part(amounts.share(share), amounts.number(tokens)))
    return tuple(found)


def _day(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no day; write 2026-11-01") from None
    return datetime.combine(day, time(12), tzinfo=UTC)


def _extras(read: _Reading) -> Iterator[Extra]:
    for name, words in (("tier_fee", "rate tier fee"), ("cache_infra", "cache of your own")):
        cost = read.one(name, amounts.nusd)
        if cost:
            yield Extra(words, cost)
    review = read.one("review", _review)
    if review is not None:
        yield review
    for item in read.said.get("extra") or ():
        name, equals, usd = item.rpartition("=")
        try:
            if not equals or not name:
                raise ValueError(f"{item!r} is no NAME=DOLLARS, such as vector store=120")
            yield Extra(name, amounts.nusd(usd))
        except ValueError as error:
            read.wrong.append(f"--extra: {error}")


def _review(text: str) -> Extra:
    parts = text.split(",")
    if len(parts) != 3:
        raise ValueError(f"{text!r}: write CHANGES,MINUTES,DOLLARS_AN_HOUR, such as 2400,6,100")
    return review_labour(
        amounts.number(parts[0]), amounts.number(parts[1]), amounts.nusd(parts[2])
    )


def _overrides(read: _Reading) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    models = tuple(read.said.get("model") or ())
    for item in read.said.get("price") or ():
        model, pairs = _addressed(item)
        if not model and not models:
            read.wrong.append(f"--price {item}: say whose: MODEL:{item}, or name a --model")
        try:
            prices = tuple(_price(pair) for pair in pairs)
        except ValueError as error:
            read.wrong.append(f"--price: {error}")
            continue
        if model and models and model not in models:
            read.wrong.append(f"--price {model}: is not among the models{_near(model, models)}")
        for name in (model,) if model else models:
            yield name, prices


def _price(pair: str) -> tuple[str, str]:
    name, equals, usd = pair.partition("=")
    if not equals or name.strip() not in KEYS:
        raise ValueError(f"{pair!r} is no price; write CLASS=DOLLARS, with {', '.join(KEYS)}")
    return name.strip(), amounts.price(usd)


def _addressed(item: str) -> tuple[str, list[str]]:
    """[MODEL:]NAME=VALUE,… -> the model, and the pairs."""
    head, _, rest = item.partition("=")
    model, _, first = head.rpartition(":")
    return model, f"{first}={rest}".split(",")


def _limits(said: Said, offers: tuple[Offer, ...]) -> dict[str, tuple[Limit, ...]]:
    """What each model's vendor takes; what was said goes before the tables."""
    reading = _Reading(said)
    own: dict[str, Limit] = {}
    for item in said.get("limit") or ():
        model, pairs = _addressed(item)
        try:
            own[model] = _limit(pairs)
        except ValueError as error:
            reading.wrong.append(f"--limit: {error}")
    known = {offer.model for offer in offers}
    presets = {
        _addressed(item)[0] for item in _of_preset(said.get("preset") or "").get("limit", ())
    }
    for model in own.keys() - known - presets - {""}:
        reading.wrong.append(f"--limit {model}: is not among the models{_near(model, known)}")
    reading.check()
    tables, found = read(), {}
    for offer in offers:
        given = own.get(offer.model, own.get(""))
        found[offer.model] = (given,) if given else tiers_of(offer.model, tables)
    return found


def _limit(pairs: list[str]) -> Limit:
    figures: dict[str, int] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name.strip() not in ("rpm", "itpm", "otpm", "tpm", "spend"):
            raise ValueError(
                f"{pair!r} is no limit; write rpm=10000, itpm=2M, otpm=400k, tpm=1M, spend=500"
            )
        figures[name.strip()] = int(amounts.number(value))
        if not figures[name.strip()]:
            raise ValueError(f"{pair!r} lets nothing through; leave out what is not limited")
    spend = figures.get("spend")
    return Limit(
        "your limits",
        rpm=figures.get("rpm"),
        itpm=figures.get("itpm"),
        otpm=figures.get("otpm"),
        tpm=figures.get("tpm"),
        spend_nusd=spend * amounts.NANO if spend is not None else None,
    )


def _offers(catalog: Catalog, named: tuple[str, ...], on: datetime) -> tuple[Offer, ...]:
    if not named:
        return offered(catalog, on)
    found = []
    for name in dict.fromkeys(named):
        provider, colon, model = name.partition(":")
        if not colon or provider not in catalog.providers:
            provider, model = "", name
        rates = catalog.rates(provider, model, on)
        if rates.priced_by not in ("catalog", "override"):
            raise Trouble(
                f"nobody lists a price for {name}{_like(model, catalog, on)}",
                f"give it: --price {name}:input=3,output=15",
            )
        found.append(Offer(name, rates, provider))
    return tuple(found)


def _like(model: str, catalog: Catalog, on: datetime) -> str:
    return _near(model, [it.model for it in offered(catalog, on)])


def _near(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


@lru_cache(8)
def _catalog(rules: PriceRules) -> Catalog:
    try:
        return Catalog.load(rules)
    except ValueError as error:
        raise Misuse(f"--price: {error}") from None


def _of_preset(name: str) -> Said:
    if not name:
        return {}
    known = preset.names()
    if name not in known:
        close = get_close_matches(name, known, n=1, cutoff=0.3)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise Misuse(
            f"--preset {name}: there is none of that name{meant}",
            "headgate cost presets lists them",
        )
    return preset.read(name).words


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def share_text(share: Fraction, places: int = 1) -> str:
    """A share as people read it."""
    return f"{float(share):.{places}%}"
