"""Every key headgate.toml may hold: its form, its limits and what it means, in one table.

Rule 1: this table reads the file, answers "did you mean" and makes the reference page.
Rule 2: a default stands in the record the section becomes, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headgate.money.rules import KEYS
from headgate.policy.event import KINDS
from headgate.policy.role import ROLES
from headgate.policy.wish import POLICIES, PREFERENCES
from headgate.providers import AUTHS, SPOKEN
from headgate.sandbox.model import TIERS
from headgate.wire.stated import KEYS as CAPABILITIES

Form = Literal[
    "text", "texts", "whole", "number", "numbers", "flag", "choice", "secret", "secrets",
    "money", "choices", "origins", "pairs", "table", "ladder",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of a section."""

    name: str
    form: Form
    meaning: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    above: float | None = None
    """the value must be greater than this"""


MEBIBYTE = 1024 * 1024
DAY_S = 86_400.0
MOST_TOKENS = 1_000_000_000

SERVER = (
    Setting("host", "text", "address to listen on; a key must exist before it may be public"),
    Setting("port", "whole", "port to listen on; 0 takes any free one", low=0, high=65535),
    Setting("workers", "whole", "processes that serve on this host; each takes its share of a "
            "provider's max_connections", low=1, high=256),
    Setting("tls_cert", "text", "PEM file with the certificate chain; needs tls_key"),
    Setting("tls_key", "text", "PEM file with the certificate's private key"),
    Setting("cors_origins", "origins", "browser origins that may call, or [\"*\"]"),
    Setting("max_body_bytes", "whole", "a larger request body is answered with 413",
            low=1024, high=1024 * MEBIBYTE),
    Setting("admin_token", "secret", "bearer token of the admin calls; none: they are off"),
    Setting("ping_s", "number", "silence towards a streaming client before it is pinged",
            above=0, high=300),
    Setting("client_stall_s", "number", "how long a client may refuse to read",
            above=0, high=DAY_S),
    Setting("drain_s", "number", "how long running calls may take after a stop signal",
            low=0, high=DAY_S),
)  # fmt: skip

RETRY = (
    Setting("tries", "whole", "tries of a target that stands alone, without a ladder",
            low=1, high=10),
    Setting("waits_s", "numbers", "waits between tries of one target; the last one repeats",
            low=0, high=600),
    Setting("jitter", "number", "the share by which a wait may be longer or shorter",
            low=0, high=1),
    Setting("max_retry_after_s", "number", "a longer retry-after is not waited for",
            low=0, high=DAY_S),
    Setting("hold_ms", "whole", "how long a stream's head is held back for its first content",
            low=0, high=600_000),
)  # fmt: skip

LEDGER = (
    Setting("path", "text", "the database file; empty: headgate.db in the state folder"),
    Setting("durability", "choice", "strict: the last event waits for the commit",
            choices=("group", "strict")),
    Setting("linger_ms", "number", "how long a commit waits for more rows", low=0, high=1000),
    Setting("queue_rows", "whole", "rows that may wait for the disk before calls must wait",
            low=16, high=10_000_000),
    Setting("fingerprints", "flag", "keep keyed hashes of prompt prefixes, never text"),
)  # fmt: skip

STORE = (
    Setting("url", "secret", "env:NAME of postgresql://USER:PASSWORD@HOST/DATABASE, shared by "
            "several hosts; none: the ledger's file is the store"),
    Setting("redis", "secret", "env:NAME of redis://…: shares of limits and budgets are given "
            "out there; needs url"),
    Setting("config", "choice", "shared: this file holds [server], [ledger], [store], "
            "[archive] and [reconcile] alone, the rest is what `headgate config publish` put "
            "into the store",
            choices=("file", "shared")),
)  # fmt: skip

PRICES = (
    Setting("ceiling_input_mtok", "money", "dollars per million input tokens of an unknown "
            "model", above=0, high=1_000_000),
    Setting("ceiling_output_mtok", "money", "dollars per million output tokens of an unknown "
            "model", above=0, high=1_000_000),
    Setting("ceiling", "flag", "count models nobody knows at the ceiling; false: at nothing, "
            "and no budget may stand over them"),
    Setting("overrides", "table", "your own prices: [prices.overrides.\"openai:gpt-x\"] with "
            "dollars per million tokens"),
)  # fmt: skip

LOOPS = (
    Setting("identical", "whole", "noticed: a request comes again so often, one by one, though "
            "it was answered; 0: never", low=0, high=1_000_000),
    Setting("identical_stop", "whole", "stopped, in sessions that clients name; 0: never",
            low=0, high=1_000_000),
    Setting("unnamed_stop", "whole", "stopped where no session is named; 0: never",
            low=0, high=1_000_000),
    Setting("failed", "whole", "noticed: a request that failed comes again so often; 0: never",
            low=0, high=1_000_000),
    Setting("failed_stop", "whole", "the same, stopped; 0: never", low=0, high=1_000_000),
    Setting("identical_window_s", "number", "within which the above are counted",
            low=1, high=DAY_S),
    Setting("session_calls", "whole", "calls one session may make within session_window_s; "
            "0: any number", low=0, high=MOST_TOKENS),
    Setting("session_usd", "money", "dollars one session may cost within session_window_s; "
            "0: any amount", high=1_000_000),
    Setting("session_window_s", "number", "within which calls and dollars of a session count",
            low=1, high=7 * DAY_S),
    Setting("cool_s", "number", "how long what was stopped stays stopped", low=1, high=DAY_S),
    Setting("answer", "text", "words of yours, added to the reason that callers are shown"),
)  # fmt: skip

EVENTS = (
    Setting("webhook", "text", "address that events are posted to, or env:NAME of it"),
    Setting("secret", "secret", "env:NAME of what signs them: x-headgate-signature"),
    Setting("kinds", "choices", "which events; default: all", choices=KINDS),
    Setting("ca_file", "text", "PEM file with certificate authorities to trust instead"),
)  # fmt: skip

OVERRIDE = tuple(
    Setting(
        name,
        "money",
        "dollars per thousand searches"
        if name == "search"
        else f"dollars per million {name.replace('_', ' ')} tokens",
        high=1_000_000,
    )
    for name in KEYS
)

LIMITS = (
    Setting("max_wait_s", "number", "how long a call may stand in line for its turn before it "
            "is answered with 429", low=0, high=600),
    Setting("queue_calls", "whole", "calls that may stand in line in one process", low=0,
            high=1_000_000),
    Setting("queue_calls_per_key", "whole", "of one key", low=0, high=1_000_000),
    Setting("when_unreachable", "choice", "capped calls while the store cannot be reached: "
            "closed refuses them, open lets them spend open_allowance_usd",
            choices=("closed", "open")),
    Setting("open_allowance_usd", "money", "dollars that capped calls may spend in one process "
            "while the store cannot be reached", high=1_000_000),
)  # fmt: skip

LIMIT = (
    Setting("requests", "whole", "calls in a minute", low=1, high=MOST_TOKENS),
    Setting("input_tokens", "whole", "tokens of input in a minute, without those that a cache "
            "gives", low=1, high=MOST_TOKENS),
    Setting("output_tokens", "whole", "tokens of output in a minute", low=1, high=MOST_TOKENS),
    Setting("concurrent", "whole", "calls that run at once", low=1, high=MOST_TOKENS),
    Setting("burst", "whole", "of a minute's requests, how many may come at once; default: a "
            "quarter, and at least ten", low=1, high=MOST_TOKENS),
)  # fmt: skip

BUDGET = (
    Setting("day", "money", "dollars in a day of UTC", above=0, high=MOST_TOKENS),
    Setting("week", "money", "dollars in a week that begins on Monday", above=0,
            high=MOST_TOKENS),
    Setting("month", "money", "dollars in a calendar month", above=0, high=MOST_TOKENS),
    Setting("total", "money", "dollars in all; never begins anew", above=0, high=MOST_TOKENS),
    Setting("kind", "choice", "hard sets aside what a call may cost at the worst, soft what it "
            "probably will, watch refuses nothing", choices=("hard", "soft", "watch")),
    Setting("lower_output", "flag", "may a call's max_tokens be lowered to what a hard budget "
            "has left"),
    Setting("warn_at", "numbers", "shares of a budget at which a warning is due", above=0,
            high=1),
)  # fmt: skip

PROMPT_CACHE = ("off", "advise", "on")
SHARED_CALLS = ("off", "deterministic", "all")
VENDOR_TOOLS = ("pass", "local", "off")

CACHE = (
    Setting("prompt", "choice", "the vendors' prompt caches: on marks prompts where reads "
            "repay the write, advise changes nothing and says what that would save, off does "
            "neither",
            choices=PROMPT_CACHE),
    Setting("reply", "choice", "answers are kept and given again to calls that mean the same: "
            "deterministic only where temperature 0 is asked for and no tools, all also to "
            "others", choices=SHARED_CALLS),
    Setting("join", "choice", "calls that mean the same and run at once become one; modes as "
            "in reply", choices=SHARED_CALLS),
    Setting("scope", "choice", "among whom answers are shared by reply and join: the calls of "
            "one key, of its team, or of its organisation; nobody outside of that ever",
            choices=("key", "team", "organisation")),
    Setting("ttl_s", "number", "how long a reply is given again", above=0, high=30 * DAY_S),
    Setting("store", "choice", "where replies are kept beside memory; disk and redis hold them "
            "encrypted; redis needs store.redis", choices=("memory", "disk", "redis")),
    Setting("memory_bytes", "whole", "what kept replies may take in each process's memory",
            low=0, high=1 << 40),
    Setting("disk_bytes", "whole", "what kept replies may take on disk", low=0, high=1 << 50),
    Setting("entry_bytes", "whole", "a longer reply is not kept", low=1024, high=1 << 30),
    Setting("pace", "flag", "give a kept reply as a stream at the speed it once came"),
    Setting("resend_s", "number", "without an Idempotency-Key: what a session asks again "
            "within this time is the same call, sent again; 0: never", low=0, high=DAY_S),
    Setting("keyed_s", "number", "how long the answer to a call with an Idempotency-Key is "
            "kept", low=60, high=30 * DAY_S),
    Setting("near", "choice", "look for replies to nearly the same question: shadow measures "
            "how often they would have been right, serve gives them",
            choices=("off", "shadow", "serve")),
    Setting("near_model", "text", "provider:model whose embeddings tell how near two questions "
            "are"),
    Setting("near_likeness", "number", "how alike two questions must be for near to compare "
            "them; 1 is equal", above=0, high=1),
)  # fmt: skip

RECORDING = (
    Setting("enabled", "flag", "write down what is said in calls, secrets masked"),
    Setting("keys", "texts", "of these virtual keys: names or ids, or patterns of them"),
    Setting("tags", "texts", "with one of these tags, or patterns of them"),
    Setting("models", "texts", "for these models, as callers name them, or patterns; of keys, "
            "tags and models one must be named, and a call must meet all that are"),
    Setting("share", "number", "the part of them that is recorded", above=0, high=1),
    Setting("answers", "flag", "record the answers too, not only what was asked"),
    Setting("keep_s", "number", "older ones are deleted, enabled or not", above=0,
            high=3650 * DAY_S),
    Setting("disk_bytes", "whole", "all of them on disk; the oldest go first", low=MEBIBYTE,
            high=1 << 50),
    Setting("entry_bytes", "whole", "a longer request or answer: the call is not recorded",
            low=1024, high=64 * MEBIBYTE),
)  # fmt: skip

ARCHIVE = (
    Setting("seal", "choice", "move old rows from the store to the archive while the gateway "
            "runs; off: only `headgate archive seal` does", choices=("on", "off")),
    Setting("path", "text", "where sealed rows lie: a folder, or s3://BUCKET/PREFIX with "
            "credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; empty: beside the "
            "ledger's file"),
    Setting("endpoint", "text", "address of a bucket that is not at Amazon"),
    Setting("region", "text", "of the bucket; default: AWS_REGION, else us-east-1"),
    Setting("cache_bytes", "whole", "what is kept of a bucket's segments on this machine",
            low=64 * MEBIBYTE, high=1 << 50),
    Setting("keep_hot_s", "number", "rows younger than this stay in the store", low=3600,
            high=3650 * DAY_S),
    Setting("hot_rows", "whole", "and so many at most: the oldest are sealed before that age",
            low=50_000, high=MOST_TOKENS),
    Setting("keep_s", "number", "segments that are older are removed; 0: never", low=0,
            high=36_500 * DAY_S),
    Setting("keep_events_s", "number", "events that need no delivery any more are removed "
            "after so long; 0: never", low=0, high=36_500 * DAY_S),
    Setting("ship", "text", "a folder or s3://BUCKET/PREFIX that sealed segments are copied "
            "to; empty: nowhere"),
)  # fmt: skip

RECONCILE = (
    Setting("daily_at", "text", "UTC time of day at which a gateway that has an admin key "
            "fetches reports and compares; empty: only `headgate reconcile` does"),
    Setting("days", "whole", "days fetched anew each night: reports grow for a while", low=1,
            high=90),
    Setting("anthropic_admin_key", "secret", "env:NAME of it; default: ANTHROPIC_ADMIN_KEY"),
    Setting("openai_admin_key", "secret", "env:NAME of it; default: OPENAI_ADMIN_KEY"),
    Setting("anthropic_workspaces", "texts", "only these count, \"default\" is the one without "
            "an id; none: all"),
    Setting("openai_projects", "texts", "only these count; none: all"),
    Setting("anthropic_url", "text", "another address of its admin API"),
    Setting("openai_url", "text", "another address of its admin API"),
)  # fmt: skip

SANDBOX = (
    Setting("enabled", "flag", "the gateway runs code for its callers: POST /v1/execute"),
    Setting("tier", "choice", "how code is contained; auto: the strongest that this machine "
            "proves to hold", choices=("auto", *TIERS)),
    Setting("minimum", "choice", "with less than this, code is refused", choices=TIERS),
    Setting("uncontained", "flag", "let tier = \"none\" run code without any containment"),
    Setting("python", "text", "the interpreter of generated code; empty: the one of Headgate"),
    Setting("packages", "texts", "imported before the code comes; none: what each language "
            "proposes"),
    Setting("most_wall_s", "number", "the longest that a run may ask for", above=0, high=3600),
    Setting("most_memory_mb", "whole", "the most memory it may ask for", low=16,
            high=MEBIBYTE),
    Setting("most_disk_mb", "whole", "the most disk", low=1, high=MEBIBYTE),
    Setting("most_processes", "whole", "the most processes and threads", low=1, high=32_768),
    Setting("most_output_bytes", "whole", "the most of stdout, and of stderr", low=1024,
            high=1024 * MEBIBYTE),
    Setting("concurrent", "whole", "runs at once; 0: two for each core", low=0, high=4096),
    Setting("concurrent_per_tenant", "whole", "of one tenant; 0: half of them; and half of "
            "that while other tenants have runs", low=0, high=4096),
    Setting("memory_mb", "whole", "what runs at once may use together; 0: three quarters of "
            "the machine's", low=0, high=64 * MEBIBYTE),
    Setting("waiting", "whole", "runs that may stand in line; one more is told to come later",
            low=0, high=100_000),
    Setting("waiting_per_tenant", "whole", "of one tenant", low=0, high=100_000),
    Setting("wait_s", "number", "how long one may stand in line", above=0, high=3600),
    Setting("workers", "whole", "processes that fork runs: one for each tenant and runtime",
            low=1, high=1024),
    Setting("idle_s", "number", "a worker without a run is closed after so long", above=0,
            high=DAY_S),
    Setting("spares", "whole", "places that may stand ready in each worker", low=0, high=256),
    Setting("spares_mb", "whole", "what all of them may take together", low=0, high=MEBIBYTE),
    Setting("cache", "flag", "are results given again to the same job of the same tenant"),
    Setting("cache_entries", "whole", "results that are kept", low=0, high=MOST_TOKENS),
    Setting("cache_bytes", "whole", "what they may take", low=0, high=64 * 1024 * MEBIBYTE),
    Setting("sessions", "whole", "sessions at once", low=0, high=4096),
    Setting("sessions_per_tenant", "whole", "of one tenant", low=0, high=4096),
    Setting("session_idle_s", "number", "an unused session ends after so long", above=0,
            high=30 * DAY_S),
    Setting("session_life_s", "number", "any ends after so long", above=0, high=30 * DAY_S),
    Setting("session_keep_s", "number", "the files of one that ended idle can be taken up for "
            "so long; 0: they are gone", low=0, high=30 * DAY_S),
    Setting("snapshot_mb", "whole", "the largest snapshot of a work folder", low=0,
            high=MEBIBYTE),
    Setting("snapshots_mb", "whole", "what all that are kept may take", low=0, high=MEBIBYTE),
    Setting("snapshots_per_tenant_mb", "whole", "of one tenant; the oldest of its own go first",
            low=0, high=MEBIBYTE),
    Setting("references_mb", "whole", "what artefacts answered by reference may take", low=0,
            high=MEBIBYTE),
    Setting("references_per_owner_mb", "whole", "of one key; the oldest of its own go first",
            low=0, high=MEBIBYTE),
    Setting("reference_s", "number", "how long such an artefact can be fetched", above=0,
            high=30 * DAY_S),
    Setting("folder", "text", "where snapshots and such artefacts lie; empty: sandbox, beside "
            "the ledger's file"),
    Setting("second_usd", "money", "dollars for a second of execution", high=1000),
    Setting("tenants", "choice", "who shares a worker, and with it cached results",
            choices=("key", "team")),
    Setting("vendor_tools", "choice", "calls with code_interpreter or code_execution; pass: "
            "run here where not every target runs them itself; local: always here; off: never",
            choices=VENDOR_TOOLS),
    Setting("hosted", "texts", "providers whose interpreters callers of the gateway may name "
            "as `on`; none: code runs here alone"),
    Setting("warm_on", "text", "the one of them at which containers are kept awake; what that "
            "costs: `headgate exec --on NAME --warm COUNT`"),
    Setting("warm_count", "whole", "how many", low=1, high=100),
    Setting("warm_memory_mb", "whole", "of which size", low=1, high=MEBIBYTE),
    Setting("warm_usd_day", "money", "dollars a day that this may cost; less than it costs is "
            "refused at the start", high=MOST_TOKENS),
)  # fmt: skip

PROVIDER = (
    Setting("kind", "text", "which provider this is; default: the section's own name"),
    Setting("base_url", "text", "scheme, host and path prefix; default: the vendor's own"),
    Setting("api_key", "secret", "env:NAME of the key; default: the vendor's usual variable"),
    Setting("api_keys", "secrets", "env:NAME of several accounts' keys, in place of api_key; "
            "{ key = \"env:NAME\", limits = { … } } where one has limits of its own"),
    Setting("limits", "table", "of each account, in a minute: { requests, input_tokens, "
            "output_tokens, concurrent, burst }; what its vendor allows is learned from it"),
    Setting("credentials", "choice", "house: our key; client: the caller's own key goes on",
            choices=("house", "client")),
    Setting("auth", "choice", "which header carries the key", choices=AUTHS),
    Setting("models", "texts", "names and patterns asked of this provider when [models] is "
            "silent"),
    Setting("paths", "pairs", "surface = path below base_url; an empty path: not served"),
    Setting("headers", "pairs", "header fields added to every request; env:NAME for secrets"),
    Setting("translate", "choice", "the surface that calls of other dialects are translated to",
            choices=SPOKEN),
    Setting("prices", "text", "provider id in the price catalogue; empty: by model name"),
    Setting("free", "flag", "own hardware: costs nothing per token"),
    Setting("verify_tls", "flag", "check the server's certificate"),
    Setting("ca_file", "text", "PEM file with certificate authorities to trust instead"),
    Setting("connect_s", "number", "limit for TCP and TLS together", above=0, high=600),
    Setting("call_s", "number", "limit for a whole call that does not stream",
            above=0, high=DAY_S),
    Setting("silence_s", "number", "limit without a byte from the provider",
            above=0, high=DAY_S),
    Setting("max_connections", "whole", "connections to it at once", low=1, high=65_536),
)  # fmt: skip

MODEL = (
    Setting("ladder", "ladder", "targets in the order they are tried: \"provider:model x3\""),
    Setting("policy", "choice", "which target comes first: as written, by a share of the "
            "conversations, the price of this call, the measured time or the best score",
            choices=POLICIES),
    Setting("hints", "flag", "whether a call's header field or tag may ask for another order"),
    Setting("canned", "text", "the answer when every rung failed, marked as canned"),
    Setting("hold_ms", "whole", "overrides retry.hold_ms", low=0, high=600_000),
    Setting("call_s", "number", "overrides the provider's call_s", above=0, high=DAY_S),
    Setting("silence_s", "number", "overrides the provider's silence_s", above=0, high=DAY_S),
    Setting("prompt_cache", "choice", "overrides cache.prompt", choices=PROMPT_CACHE),
    Setting("reply_cache", "choice", "overrides cache.reply", choices=SHARED_CALLS),
    Setting("join", "choice", "overrides cache.join", choices=SHARED_CALLS),
    Setting("vendor_tools", "choice", "overrides sandbox.vendor_tools", choices=VENDOR_TOOLS),
)  # fmt: skip

RUNG = (
    Setting("target", "text", "\"provider:model x3\", as it stands without a table"),
    Setting("weight", "number", "its part of the conversations under policy = \"weighted\"; "
            "0: only when others fail", low=0, high=1_000_000),
    Setting("quality", "number", "your score of it, more is better: for policy = \"best\" and "
            "for calls that prefer quality", low=0, high=1_000_000),
)  # fmt: skip
"""a target of a ladder, where it is written as a table"""

TAGS = Setting("tags", "table", "what calls prefer by their tags: [routing.tags.NAME]")

TAG = (
    Setting("prefer", "choice", "what calls with this tag would rather have",
            choices=PREFERENCES),
)  # fmt: skip

_FORMS: dict[str, Form] = {
    "flag": "flag", "count": "whole", "word": "choice", "words": "choices",
}  # fmt: skip

CAPABILITY = tuple(
    Setting(
        key.name,
        _FORMS[key.form],
        key.meaning,
        low=0 if key.form == "count" else None,
        high=MOST_TOKENS if key.form == "count" else None,
        choices=key.words,
    )
    for key in CAPABILITIES.values()
)

ADMIN = (
    Setting("oidc", "table", "[admin.oidc]: where administrators sign in"),
)  # fmt: skip

OIDC = (
    Setting("issuer", "text", "the OpenID Connect provider's address, as it names itself"),
    Setting("client_id", "text", "how the provider knows this gateway"),
    Setting("client_secret", "secret", "env:NAME of the client's secret; none: a public one"),
    Setting("audience", "text", "whom bearer tokens must be meant for; empty: client_id"),
    Setting("redirect_url", "text", "this gateway's public address with /admin/callback; "
            "empty: bearer tokens only"),
    Setting("scopes", "texts", "what is asked of the provider at sign-in; openid among it"),
    Setting("session_s", "number", "how long a sign-in holds", low=60, high=30 * DAY_S),
    Setting("ca_file", "text", "PEM file with certificate authorities to trust instead"),
    Setting("roles", "table", "who may what: [admin.oidc.roles.\"CLAIM=VALUE\"]; the first "
            "that fits decides"),
)  # fmt: skip

OIDC_ROLE = (
    Setting("role", "choice", "what whoever has this claim is", choices=ROLES),
    Setting("organisations", "texts", "names or ids of organisations they are bound to"),
    Setting("teams", "texts", "the same of teams; ORGANISATION/TEAM where names repeat"),
    Setting("scopes", "texts", "rights that narrow the role; for members: keys:write"),
)  # fmt: skip

PURPOSE = (
    Setting("purpose", "text", "what these calls are made for; calls of several entries may "
            "have one purpose"),
    Setting("valuable", "flag", "has it business value; not stated: nobody has said"),
    Setting("keys", "texts", "names or ids of virtual keys, or patterns of them"),
    Setting("tags", "texts", "tags, or patterns of them"),
    Setting("routes", "texts", "entries of [models]"),
    Setting("models", "texts", "models as they were sent upstream, or patterns of them"),
    Setting("projects", "texts", "projects that imported rows name, or patterns of them"),
    Setting("sources", "texts", "where rows come from: gateway, or an importer's name"),
    Setting("surfaces", "texts", "messages, chat, responses, embeddings or count_tokens"),
    Setting("heads", "texts", "fingerprints of tools and system prompt, as `headgate audit "
            "purposes --suggest` shows them"),
    Setting("hours", "text", "FROM-TO of the day in UTC, such as 22-6"),
)  # fmt: skip
"""an entry is met by calls that meet all it names; of a list, one"""

COMMITMENT = (
    Setting("provider", "text", "whose capacity it is"),
    Setting("tier", "text", "which calls it serves, as replies name their tier, such as "
            "priority or scale; empty: all of the provider's"),
    Setting("usd_month", "money", "dollars that are due every month, used or not",
            above=0, high=1_000_000_000),
    Setting("models", "texts", "models it serves, or patterns of them; empty: all"),
)  # fmt: skip

SECTIONS: dict[str, tuple[Setting, ...]] = {
    "server": SERVER,
    "retry": RETRY,
    "ledger": LEDGER,
    "store": STORE,
    "prices": PRICES,
    "limits": LIMITS,
    "limits.WHO": LIMIT,
    "budgets.WHO": BUDGET,
    "loops": LOOPS,
    'loops.tags."NAME"': LOOPS,
    "events": EVENTS,
    "cache": CACHE,
    "recording": RECORDING,
    "archive": ARCHIVE,
    "reconcile": RECONCILE,
    "sandbox": SANDBOX,
    "providers.NAME": PROVIDER,
    'models."NAME"': MODEL,
    'routing.tags."NAME"': TAG,
    'capabilities."NAME"': CAPABILITY,
    "[purposes]": PURPOSE,
    "[commitments]": COMMITMENT,
    "admin.oidc": OIDC,
    'admin.oidc.roles."CLAIM=VALUE"': OIDC_ROLE,
}
"""Every section of headgate.toml, for the reference page."""
