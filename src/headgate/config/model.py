"""The frozen shape of a configuration: what the rest of the house reads.

Rule 1: a default stands here and nowhere else.
Rule 2: nothing here is a secret's text except where repr is off.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from headgate.money.rules import PriceRules
from headgate.policy.cap import NO_CAPS, Caps, Limits
from headgate.policy.recording import Named
from headgate.policy.role import Role
from headgate.policy.wish import Policy, Prefer
from headgate.providers import Provider
from headgate.sandbox.settings import Settings


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder: a target and how often it may be tried."""

    provider: str
    model: str
    """the name sent upstream; empty: the name the caller asked for"""
    tries: int = 1
    weight: float = 1.0
    """its part of the conversations, where the policy is weighted; 0: only when others fail"""
    quality: float | None = None
    """the operator's score of it: more is better"""


@dataclass(frozen=True, slots=True)
class Route:
    """A [models] entry: a name or pattern, and the ladder behind it."""

    pattern: str
    """an exact name, or a glob such as claude-haiku-*"""
    ladder: tuple[Rung, ...]
    canned: str = ""
    """the last resort's text; empty: none"""
    hold_ms: int | None = None
    call_s: float | None = None
    silence_s: float | None = None
    policy: Policy = "ordered"
    hints: bool = True
    """may a call's header field or tag ask for another order of the ladder"""
    prompt_cache: str = ""
    """off, advise or on: what is done about a vendor's prompt cache; empty: as [cache] says"""
    reply_cache: str = ""
    """off, deterministic or all: which replies are kept and given again"""
    join: str = ""
    """off, deterministic or all: which identical calls share one that runs"""
    vendor_tools: str = ""
    """pass, local or off: who runs code for a vendor's code tool; empty: as [sandbox] says"""
    by_default: bool = False
    """True: not written in [models], but one of a provider's own patterns"""


@dataclass(frozen=True, slots=True)
class Tag:
    """A [routing.tags] entry: what calls with this tag would rather have."""

    name: str
    prefer: Prefer


@dataclass(frozen=True, slots=True)
class Capability:
    """A [capabilities] entry: what the operator states of the models it stands for."""

    pattern: str
    """a model's name or a pattern, as the upstream knows it, or provider:model"""
    stated: tuple[tuple[str, object], ...]
    """(a field of wire.ability.Abilities, its value)"""


@dataclass(frozen=True, slots=True)
class Server:
    host: str = "127.0.0.1"
    port: int = 4100
    workers: int = 1
    """processes that share the port; several share limits, budgets and the ledger"""
    tls_cert: str = ""
    tls_key: str = ""
    cors_origins: tuple[str, ...] = ()
    max_body_bytes: int = 32 * 1024 * 1024
    admin_token: str = field(default="", repr=False)
    ping_s: float = 15.0
    """how long a client may see nothing before we ping it"""
    client_stall_s: float = 120.0
    """how long a client may refuse to read before it counts as gone"""
    drain_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Retry:
    tries: int = 3
    """tries of a target that stands alone; a rung of a ladder says its own"""
    waits_s: tuple[float, ...] = (1.0, 2.0, 4.0)
    jitter: float = 0.25
    """the share by which a wait may be longer or shorter"""
    max_retry_after_s: float = 20.0
    """a longer retry-after is not waited for: the next rung is tried"""
    hold_ms: int = 10_000
    """how long a stream's head may be held back for its first content"""


@dataclass(frozen=True, slots=True)
class Ledger:
    path: str = ""
    """empty: headgate.db in the state folder"""
    durability: str = "group"
    """group or strict"""
    linger_ms: float = 5.0
    queue_rows: int = 20_000
    fingerprints: bool = True


@dataclass(frozen=True, slots=True)
class Store:
    """Where keys, limits, budgets and the ledger are that several hosts share."""

    url: str = field(default="", repr=False)
    """a PostgreSQL database; empty: all of it is in the ledger's file"""
    redis: str = field(default="", repr=False)
    """where processes share limits and budgets out among them; empty: in the store itself"""
    config: str = "file"
    """file or shared: where all sections but [server], [ledger], [store], [archive]
    and [reconcile] are read"""


@dataclass(frozen=True, slots=True)
class Prices:
    ceiling_input_mtok: str = "15"
    """dollars per million input tokens of a model nobody knows; decimal text"""
    ceiling_output_mtok: str = "75"
    ceiling: bool = True
    """False: a model nobody knows is counted at nothing, and no budget may stand over it"""
    overrides: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    """(provider:model or model, ((class, dollars per million tokens), ...))"""

    @property
    def rules(self) -> PriceRules:
        """The same, as prices are found by them."""
        return PriceRules(
            ceiling_input_mtok=self.ceiling_input_mtok,
            ceiling_output_mtok=self.ceiling_output_mtok,
            overrides=self.overrides,
            ceiling=self.ceiling,
        )


@dataclass(frozen=True, slots=True)
class CapsConfig:
    """[limits] and [budgets]: what is capped, for whom, and what becomes of calls in line."""

    wait_s: float = 10.0
    """how long a call may stand in line; [limits] max_wait_s"""
    queue_calls: int = 1000
    queue_calls_per_key: int = 100
    when_unreachable: str = "closed"
    """closed or open: what becomes of capped calls while the store cannot be reached"""
    open_allowance_nusd: int = 1_000_000_000
    """what a process may spend of all budgets together meanwhile, where it is open"""
    house: Caps = NO_CAPS
    each_key: Caps = NO_CAPS
    each_team: Caps = NO_CAPS
    tags: tuple[tuple[str, Caps], ...] = ()
    models: tuple[tuple[str, Limits], ...] = ()


@dataclass(frozen=True, slots=True)
class Granted:
    """An [admin.oidc.roles] entry: whom it means, and what that makes of them."""

    claim: str
    """a claim of the issuer's, or domain: that of a verified e-mail address"""
    value: str
    """what it is, or a pattern; of a claim with several, one of them"""
    role: Role
    organisations: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Oidc:
    """[admin.oidc]: where administrators sign in."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    audience: str = ""
    """whom bearer tokens must be meant for; empty: client_id"""
    redirect_url: str = ""
    """empty: only bearer tokens, nobody signs in with a browser"""
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    session_s: float = 28_800.0
    ca_file: str = ""
    roles: tuple[Granted, ...] = ()
    """the first that fits decides"""


@dataclass(frozen=True, slots=True)
class CacheConfig:
    """[cache]: vendors' prompt caches, replies that are given again, calls that are shared."""

    prompt: str = "advise"
    """off, advise or on"""
    reply: str = "off"
    """off, deterministic or all"""
    join: str = "off"
    """off, deterministic or all"""
    scope: str = "key"
    """key, team or organisation: who may be given an answer that another's call got"""
    ttl_s: float = 3600.0
    """how long a reply is given again"""
    store: str = "memory"
    """memory, disk or redis: where replies are kept; memory is asked first in any case"""
    memory_bytes: int = 128 * 1024 * 1024
    disk_bytes: int = 1024 * 1024 * 1024
    entry_bytes: int = 2 * 1024 * 1024
    """a longer reply is not kept"""
    pace: bool = False
    """is a reply that is given again as a stream given at the speed it once came"""
    resend_s: float = 0.0
    """an identical call of the same session within this time is the same call, sent again"""
    keyed_s: float = 86_400.0
    """how long the answer to a call with an Idempotency-Key is kept"""
    near: str = "off"
    """off, shadow or serve: are replies to nearly the same question looked for"""
    near_model: str = ""
    """provider:model that turns a question into numbers"""
    near_likeness: float = 0.92
    """from which likeness on two questions may be the same"""


@dataclass(frozen=True, slots=True)
class Recording:
    """[recording]: whose calls are written down, with all that was said, and for how long."""

    enabled: bool = False
    keys: tuple[str, ...] = ()
    """names or ids of keys, or patterns of them; empty: any"""
    tags: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    """as callers name them"""
    share: float = 1.0
    """of the calls that are meant"""
    answers: bool = True
    """False: only what was asked"""
    keep_s: float = 7 * 86_400.0
    disk_bytes: int = 256 * 1024 * 1024
    """what all of them may take; the oldest go first"""
    entry_bytes: int = 512 * 1024
    """a call that says more is not recorded"""

    @property
    def named(self) -> Named:
        """Which calls are meant."""
        return Named(self.keys, self.tags, self.models, self.share)


@dataclass(frozen=True, slots=True)
class Archive:
    """[archive]: where sealed rows lie, when rows are sealed, and how long what is kept."""

    seal: str = "on"
    """on: a child of the gateway does it; off: only whoever asks for it"""
    path: str = ""
    """a folder, or s3://BUCKET/PREFIX; empty: beside the ledger's file"""
    endpoint: str = ""
    """of a bucket that is not at Amazon"""
    region: str = ""
    cache_bytes: int = 4 * 1024**3
    """what is kept of a bucket's segments on this machine"""
    keep_hot_s: float = 7 * 86_400.0
    """rows younger than this stay in the store"""
    hot_rows: int = 250_000
    """and so many at most: the oldest are sealed before that age"""
    keep_s: float = 0.0
    """segments older than this are removed; 0: never"""
    keep_events_s: float = 365 * 86_400.0
    """events that are older, and need no delivery any more, are removed; 0: never"""
    ship: str = ""
    """a folder or s3://BUCKET/PREFIX that sealed segments are copied to; empty: nowhere"""


@dataclass(frozen=True, slots=True)
class Reconcile:
    """[reconcile]: whose reports of usage and costs are fetched, and when."""

    daily_at: str = "04:30"
    """UTC; a gateway that has an admin key fetches then; empty: only the command does"""
    days: int = 7
    """how many days are fetched anew each night: reports grow for a while"""
    anthropic_admin_key: str = field(default="", repr=False)
    openai_admin_key: str = field(default="", repr=False)
    anthropic_workspaces: tuple[str, ...] = ()
    """only these count; default names the one without an id; none named: all"""
    openai_projects: tuple[str, ...] = ()
    anthropic_url: str = ""
    """empty: the vendor's own"""
    openai_url: str = ""


@dataclass(frozen=True, slots=True)
class Loops:
    """[loops], and with it [loops.tags.NAME]: what looks like a loop, and what is stopped."""

    identical: int = 5
    """noticed: a request comes again so often although it was answered; 0: never"""
    identical_stop: int = 20
    """the same, stopped, in sessions that the client names; 0: never"""
    unnamed_stop: int = 0
    """the same where it names none: whoever samples a prompt may mean it"""
    failed: int = 40
    """noticed: a request that failed comes again so often"""
    failed_stop: int = 0
    identical_window_s: float = 120.0
    session_calls: int = 0
    session_usd: str = "0"
    session_window_s: float = 3600.0
    cool_s: float = 300.0
    """how long what was stopped stays stopped"""
    answer: str = ""
    """words of the operator's own, added to the reason"""


@dataclass(frozen=True, slots=True)
class Events:
    """[events]: where events are delivered."""

    webhook: str = field(default="", repr=False)
    """empty: nowhere"""
    secret: str = field(default="", repr=False)
    kinds: tuple[str, ...] = ()
    """empty: all"""
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Purpose:
    """A [[purposes]] entry: what calls were made for, and which; all it names must hold."""

    purpose: str
    """its name"""
    valuable: bool | None = None
    """has it business value; None: nobody has said"""
    keys: tuple[str, ...] = ()
    """names or ids of keys, or patterns of them"""
    tags: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    """where rows were imported from; gateway: from nowhere"""
    surfaces: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    """fingerprints of tools and system prompt, in hexadecimal digits"""
    hours: str = ""
    """FROM-TO of the day in UTC, such as 22-6; empty: any"""


@dataclass(frozen=True, slots=True)
class Commitment:
    """A [[commitments]] entry: capacity that is paid for by the month, used or not."""

    provider: str
    tier: str
    """which calls it serves, as rows name their tier; empty: all"""
    usd_month: str
    """decimal text"""
    models: tuple[str, ...] = ()
    """names or patterns; empty: all"""


@dataclass(frozen=True, slots=True)
class Config:
    server: Server = Server()
    retry: Retry = Retry()
    ledger: Ledger = Ledger()
    store: Store = Store()
    prices: Prices = Prices()
    providers: tuple[Provider, ...] = ()
    routes: tuple[Route, ...] = ()
    """exact names first, then patterns from the most to the least specific"""
    capabilities: tuple[Capability, ...] = ()
    """from the least to the most specific: a later one wins"""
    tags: tuple[Tag, ...] = ()
    """as written: of several that a call has, the first decides"""
    caps: CapsConfig = CapsConfig()
    oidc: Oidc | None = None
    """where administrators sign in; None: nowhere, they bring tokens"""
    loops: Loops = Loops()
    loops_of_tags: tuple[tuple[str, Loops], ...] = ()
    """for keys with the tag; the first that fits"""
    events: Events = Events()
    cache: CacheConfig = CacheConfig()
    recording: Recording = Recording()
    archive: Archive = Archive()
    reconcile: Reconcile = Reconcile()
    sandbox: Settings = field(default_factory=Settings)
    """[sandbox]: how code of callers is run"""
    purposes: tuple[Purpose, ...] = ()
    """as written: the first that fits a call decides"""
    commitments: tuple[Commitment, ...] = ()
    notes: tuple[str, ...] = ()
    """what start-up should say aloud: defaults taken, providers without a credential"""
    source: str = ""
    """the file it was read from; empty: none, only defaults and the environment"""
