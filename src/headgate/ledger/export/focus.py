"""The ledger as FOCUS 1.2: what every tool of cost management reads.

Rule 1: one line per day, key, model, terms and class of tokens: a line per call would be a
hundred times as many and say nothing more to whoever pays.
Rule 2: the sum of BilledCost is the ledger's sum, to the nano-dollar.
Rule 3: what an operator calls things goes into Tags; columns of our own begin with x_.
(focus.finops.org, specification 1.2; read 2026-11-20)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from headgate.ledger.book.book import Book
from headgate.ledger.book.columns import TOKENS_WRITTEN
from headgate.ledger.export.rows import FORMATS, copy
from headgate.providers import read_all

COLUMNS: tuple[tuple[str, str], ...] = (
    ("AvailabilityZone", "NULL"),
    ("BilledCost", "usd"),
    ("BillingAccountId", "account"),
    ("BillingAccountName", "account"),
    ("BillingAccountType", "'API account'"),
    ("BillingCurrency", "'USD'"),
    ("BillingPeriodEnd", "stamp(date_trunc('month', begins) + INTERVAL 1 MONTH)"),
    ("BillingPeriodStart", "stamp(date_trunc('month', begins))"),
    ("CapacityReservationId", "NULL"),
    ("CapacityReservationStatus", "NULL"),
    ("ChargeCategory", "'Usage'"),
    ("ChargeClass", "NULL"),
    ("ChargeDescription", "concat(simulation, meter, ' of ', model, terms_words)"),
    ("ChargeFrequency", "'Usage-Based'"),
    ("ChargePeriodEnd", "stamp(begins + INTERVAL 1 DAY)"),
    ("ChargePeriodStart", "stamp(begins)"),
    ("CommitmentDiscountCategory", "NULL"),
    ("CommitmentDiscountId", "NULL"),
    ("CommitmentDiscountName", "NULL"),
    ("CommitmentDiscountQuantity", "NULL"),
    ("CommitmentDiscountStatus", "NULL"),
    ("CommitmentDiscountType", "NULL"),
    ("CommitmentDiscountUnit", "NULL"),
    ("ConsumedQuantity", "quantity"),
    ("ConsumedUnit", "unit"),
    ("ContractedCost", "usd"),
    ("ContractedUnitPrice", "unit_price"),
    ("EffectiveCost", "usd"),
    ("InvoiceId", "NULL"),
    ("InvoiceIssuerName", "issuer"),
    ("ListCost", "usd"),
    ("ListUnitPrice", "unit_price"),
    ("PricingCategory", "'Standard'"),
    ("PricingCurrency", "'USD'"),
    ("PricingCurrencyContractedUnitPrice", "unit_price"),
    ("PricingCurrencyEffectiveCost", "usd"),
    ("PricingCurrencyListUnitPrice", "unit_price"),
    ("PricingQuantity", "quantity * 0.000001::DECIMAL(7, 6)"),
    ("PricingUnit", "concat('1000000 ', unit)"),
    ("ProviderName", "issuer"),
    ("PublisherName", "publisher"),
    ("RegionId", "nullif(geo, '')"),
    ("RegionName", "nullif(geo, '')"),
    ("ResourceId", "concat(provider, '/', model)"),
    ("ResourceName", "model"),
    ("ResourceType", "'Model'"),
    ("ServiceCategory", "'AI and Machine Learning'"),
    ("ServiceName", "concat(issuer, ' API')"),
    ("ServiceSubcategory", "'Generative AI'"),
    ("SkuId", "concat(provider, '/', model, '/', class)"),
    ("SkuMeter", "meter"),
    ("SkuPriceDetails", "price_details"),
    ("SkuPriceId", "concat(provider, '/', model, '/', class, terms_path)"),
    ("SubAccountId", "nullif(key_id, '')"),
    ("SubAccountName", "key_name"),
    ("SubAccountType", "if(key_id = '', NULL, 'Virtual key')"),
    ("Tags", "tags"),
    ("x_Calls", "calls"),
    ("x_Simulated", "simulated = 1"),
    ("x_Source", "if(source = '', 'headgate', source)"),
)
"""every column of the specification, and what it is made of"""

# What an imported row's source states as its cost is no price of searches: other charges.
_SEARCHES = "if(priced_by = 'stated', 0, search_nusd)"
_CLASSES = (
    ("input", "Input tokens", "Tokens", "input_fresh", "input_nusd"),
    ("cache_read", "Cached input tokens", "Tokens", "cache_read", "cache_read_nusd"),
    ("cache_write", "Cache write tokens", "Tokens", TOKENS_WRITTEN, "cache_write_nusd"),
    ("output", "Output tokens", "Tokens", "output", "output_nusd"),
    ("search", "Web searches", "Requests", "web_searches", _SEARCHES),
)
_LINES = " + ".join(it[4] for it in _CLASSES)
_REST = ("other", "Other charges", "Requests", "calls", f"cost_nusd - ({_LINES})")

_BY = (
    "at_us // 86400000000",
    *("provider", "credential", "key_id", "organisation", "team", "cost_centre", "key_tags"),
    *("tier", "speed", "geo", "source", "simulated", "project"),
    "if(model_served <> '', model_served, if(model_sent <> '', model_sent, model_asked))",
)
_NAMES = (
    "day",
    *("provider", "credential", "key_id", "organisation", "team", "cost_centre", "key_tags"),
    *("tier", "speed", "geo", "source", "simulated", "project"),
    "model",
)


def write(book: Book, file: Path, keys: Mapping[str, str] | None = None) -> int:
    """How many lines it is. `keys`: what keys are called, by their id."""
    _prepare(book, keys or {})
    columns = ", ".join(f"{text} AS {name}" for name, text in COLUMNS)
    query = f"SELECT {columns} FROM focus_line ORDER BY day, key_id, model, class"  # noqa: S608 - our own names
    return copy(book, query, FORMATS["csv"], file)


def _prepare(book: Book, keys: Mapping[str, str]) -> None:
    """Lay the lines, before they get the names of the specification."""
    run = book.rows
    run("CREATE OR REPLACE TEMP TABLE named_key (id VARCHAR, name VARCHAR)")
    for id, name in keys.items():
        run("INSERT INTO named_key VALUES (?, ?)", (id, name))
    run("CREATE OR REPLACE TEMP TABLE titled (id VARCHAR, title VARCHAR)")
    for preset in read_all().values():
        run("INSERT INTO titled VALUES (?, ?)", (preset.kind, preset.title))
    run("CREATE OR REPLACE TEMP MACRO stamp(t) AS strftime(t, '%Y-%m-%dT%H:%M:%SZ')")
    by = ", ".join(f"{text} AS {name}" for text, name in zip(_BY, _NAMES, strict=True))
    sums = ", ".join(
        f"sum({count})::BIGINT AS {name}_n, sum({nusd})::BIGINT AS {name}_nusd"
        for name, _, _, count, nusd in (*_CLASSES, _REST)
    )
    run(
        f"CREATE OR REPLACE TEMP TABLE focus_sum AS SELECT {by}, {sums},"  # noqa: S608 - our own names
        " sum(book.calls)::BIGINT AS calls FROM book GROUP BY ALL"
    )
    run("CREATE OR REPLACE TEMP TABLE tagged (text VARCHAR, own JSON)")
    for (text,) in run("SELECT DISTINCT key_tags FROM focus_sum WHERE key_tags <> ''"):
        run("INSERT INTO tagged VALUES (?, ?)", (text, own_tags(text)))
    names = ", ".join(_NAMES)
    parts = " UNION ALL ".join(
        f"SELECT {names}, calls, '{name}' AS class, '{meter}' AS meter, '{unit}' AS unit,"  # noqa: S608 - the same
        f" {name}_n AS quantity, {name}_nusd AS nusd FROM focus_sum"
        f" WHERE {name}_nusd <> 0{'' if name == 'other' else f' OR {name}_n <> 0'}"
        for name, meter, unit, _, _ in (*_CLASSES, _REST)
    )
    run(f"CREATE OR REPLACE TEMP VIEW focus_line AS SELECT *, {_FACTS} FROM ({parts}) {_JOINS}")  # noqa: S608 - the same


_FACTS = """
  nusd::DECIMAL(28, 0) * 0.000000001::DECIMAL(10, 9) AS usd,
  round(nusd / greatest(quantity, 1) / 1000.0, 9)::DECIMAL(28, 9) AS unit_price,
  make_timestamp(day * 86400000000) AS begins,
  if(simulated = 1, 'Simulated: ', '') AS simulation,
  concat(if(simulated = 1, 'simulated/', ''), if(provider = '', 'unknown', provider),
    if(credential IN ('', 'house'), '', '/' || credential)) AS account,
  coalesce(titled.title, nullif(provider, ''), 'unknown') AS issuer,
  CASE WHEN model LIKE 'claude%' THEN 'Anthropic'
    WHEN model LIKE 'gpt-%' OR model LIKE 'text-embedding-%' THEN 'OpenAI'
    ELSE coalesce(titled.title, nullif(provider, ''), 'unknown') END AS publisher,
  concat(if(tier = '', '', ', ' || tier), if(speed = '', '', ', ' || speed || ' mode'),
    if(geo = '', '', ', in ' || geo)) AS terms_words,
  concat(if(tier = '', '', '/' || tier), if(speed = '', '', '/' || speed),
    if(geo = '', '', '/' || geo)) AS terms_path,
  if(tier = '' AND speed = '' AND geo = '', NULL,
    json_object('x_tier', tier, 'x_speed', speed, 'x_geo', geo)) AS price_details,
  coalesce(named_key.name, nullif(key_id, '')) AS key_name,
  json_merge_patch(coalesce(tagged.own, '{}'::JSON), json_object('organisation', organisation,
    'team', team, 'cost_centre', cost_centre, 'project', project)) AS tags
"""
_JOINS = """
LEFT JOIN titled ON titled.id = provider
LEFT JOIN named_key ON named_key.id = key_id
LEFT JOIN tagged ON tagged.text = key_tags
"""


def own_tags(text: str) -> str:
    """Tags such as project=atlas,beta as the specification has them: true is a tag's value that
    has none, and each name is there once."""
    found: dict[str, str | bool] = {}
    for tag in filter(None, text.split(",")):
        name, equals, value = tag.partition("=")
        found.setdefault(name, value if equals else True)
    return msgspec.json.encode(found).decode()
