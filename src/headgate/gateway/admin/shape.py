"""What the admin API takes and gives: every body as a record, which is also its description.

Rule 1: a field that is not known is refused, so that no typing mistake passes for a wish.
Rule 2: money that is set is decimal text in dollars, money that was spent is whole
nano-dollars, as everywhere; a moment carries its time zone.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from headgate.policy.cap import Kind, Period
from headgate.policy.role import RIGHTS, Role
from headgate.store.traits import SURFACES

Moment = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=100, description="printable, unique")]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Surface = Literal["messages", "chat", "responses", "embeddings", "count_tokens", "execute"]
PromptCache = Literal["", "off", "advise", "on"]
Texts = list[str]
assert set(Surface.__args__) == set(SURFACES)  # type: ignore[attr-defined]  # typing's own


class Given(Struct, forbid_unknown_fields=True):
    """What callers send."""


class Limits(Given, omit_defaults=True):
    """How much may be asked for in a minute, and at once; 0: as much as one likes."""

    requests: Count = 0
    input_tokens: Count = 0
    output_tokens: Count = 0
    concurrent: Count = 0
    burst: Count = 0


class Budget(Given):
    """How many dollars may be spent in a span of time."""

    usd: Annotated[str, Meta(max_length=30, pattern=r"^[0-9]+(\.[0-9]+)?$", examples=["25.00"])]
    period: Period
    kind: Kind = "hard"


class Caps(Given, omit_defaults=True):
    """Limits and budgets; given anew, they replace all that were there."""

    limits: Limits = field(default_factory=Limits)
    budgets: list[Budget] = []
    lower_output: bool = False
    warn_at: list[float] | UnsetType = UNSET


class Traits(Given):
    """What may be given to an organisation, a team or a key; what is left out stays."""

    cost_centre: str | UnsetType = UNSET
    tags: Texts | UnsetType = UNSET
    models: Texts | UnsetType = UNSET
    surfaces: list[Surface] | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET
    caps: Caps | UnsetType = UNSET
    prompt_cache: (
        Annotated[PromptCache, Meta(description="empty: as the level above says")] | UnsetType
    ) = UNSET


class NewOrganisation(Traits, kw_only=True):
    name: Name


class NewTeam(Traits, kw_only=True):
    name: Name
    organisation: Annotated[str, Meta(description="name or id")] = "default"


class KeyChanges(Traits):
    expires: (
        Annotated[Moment, Meta(description="an end can be moved, not taken away")] | UnsetType
    ) = UNSET


class NewKey(KeyChanges, kw_only=True):
    name: Name
    team: Annotated[str, Meta(description="id, name or ORGANISATION/TEAM")] = "default"


class Rotation(Given):
    overlap_s: Annotated[
        int, Meta(ge=0, le=90 * 86_400, description="how long the old secret works on")
    ] = 86_400


class NewToken(Given):
    name: Name
    role: Role
    scopes: Annotated[
        Texts,
        Meta(description=f"organisation:NAME, team:NAME, or of: {', '.join(RIGHTS)}"),
    ] = []
    expires: Moment | UnsetType = UNSET


# -- what is given back


class Ref(Struct):
    id: str
    name: str


class Has(Struct):
    cost_centre: str
    tags: Texts
    models: Texts
    surfaces: Texts
    metadata: dict[str, Any]
    caps: Caps
    prompt_cache: PromptCache


class Organisation(Has):
    id: str
    name: str
    state: str
    created: datetime
    archived: datetime | None


class Team(Organisation):
    organisation: Ref


class KeySecret(Struct):
    last4: str
    created: datetime
    ends: datetime | None
    live: bool
    last_used: date | None


class Key(Has):
    id: str
    name: str
    team: Ref
    organisation: Ref
    state: str
    created: datetime
    expires: datetime | None
    secrets: list[KeySecret]


class KeyMade(Key):
    secret: Annotated[str, Meta(description="shown this once")]


class Token(Struct):
    id: str
    name: str
    role: Role
    scopes: Texts
    last4: str
    state: str
    created: datetime
    expires: datetime | None


class TokenMade(Token):
    secret: Annotated[str, Meta(description="shown this once")]


class Organisations(Struct):
    data: list[Organisation]
    next: str | None


class Teams(Struct):
    data: list[Team]
    next: str | None


class Keys(Struct):
    data: list[Key]
    next: str | None


class Tokens(Struct):
    data: list[Token]
    next: str | None


class Spent(Struct):
    since: datetime
    calls: int
    cost_nusd: int


class Day(Struct):
    day: date
    calls: int
    cost_nusd: int


class BudgetState(Struct):
    period: Period
    kind: Kind
    usd: str
    since: datetime
    resets: datetime | None
    spent_nusd: int
    left_nusd: int


class Spend(Struct):
    account: str
    state: str
    today: Spent
    month: Spent
    total: Spent
    budgets: list[BudgetState]
    limits: Limits
    days: list[Day]


class LogRow(Struct):
    seq: int
    at: datetime
    actor: str
    role: str
    action: str
    subject: str
    detail: dict[str, Any]
    hash: str


class Log(Struct):
    data: list[LogRow]
    next: str | None


class Verified(Struct):
    whole: bool
    rows: int
    head: Annotated[str, Meta(description="COUNT:HASH, to be noted elsewhere as an anchor")]
    broken: int | None
    why: str


class Me(Struct):
    name: str
    role: Role
    scopes: Texts
    rights: Texts
    bound_to: Texts
    csrf: Annotated[str, Meta(description="to be sent back as x-headgate-csrf")] = ""


class SignedOut(Struct):
    signed_out: bool
    provider: Annotated[str, Meta(description="where the provider's own session is ended")]


class Reloaded(Struct):
    reloaded: bool
    notes: Texts


class Wrong(Struct):
    message: str
    hint: str = ""


class Problem(Struct):
    error: Wrong


# -- questions


class Page(Given):
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    after: Annotated[str, Meta(description="the `next` of the page before")] = ""


class TeamPage(Page):
    organisation: Annotated[str, Meta(description="name or id")] = ""


class KeyPage(TeamPage):
    team: Annotated[str, Meta(description="id, name or ORGANISATION/TEAM")] = ""
    state: Annotated[str, Meta(description="living, revoked, expired or archived")] = ""


class LogPage(Page):
    since: Moment | UnsetType = UNSET
    actor: str = ""
    action: Annotated[str, Meta(description="such as key.create, or key for all of a kind")] = (
        ""
    )


class Anchor(Given):
    anchor: Annotated[str, Meta(description="COUNT:HASH as noted before")] = ""


class Days(Given):
    days: Annotated[int, Meta(ge=0, le=400, description="sums by the day, so many back")] = 0


class HouseDays(Days):
    tag: Annotated[str, Meta(description="only calls with this tag of a key or its team")] = ""
