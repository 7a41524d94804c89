"""The fifth shape of the store: segments, imports, providers' reports, decisions, claims.

Rule 1: one text serves a file and a server; only the names of types differ.
Rule 2: a row is never in the call table and in a segment at once: the commit that lists a
segment deletes what it holds.
"""

from __future__ import annotations

from headgate.store.sql import Connection, on_file

_FILE = {"INTEGER": "INTEGER", "BLOB": "BLOB", "TEXT": "TEXT", "END": "STRICT, WITHOUT ROWID"}
_SERVER = {"INTEGER": "BIGINT", "BLOB": "BYTEA", "TEXT": 'TEXT COLLATE "C"', "END": ""}

# A sealed file of rows of one day. `lo` and `hi` bound their seq; 0: they were imported, and
# have none. `gone_us`: replaced or removed then; the file follows after a grace, because
# readers hold lists of paths.
_SEGMENT = """
CREATE TABLE segment (
  path {TEXT} PRIMARY KEY,
  day {INTEGER} NOT NULL,
  lo {INTEGER} NOT NULL,
  hi {INTEGER} NOT NULL,
  rows {INTEGER} NOT NULL,
  size {INTEGER} NOT NULL,
  first_us {INTEGER} NOT NULL,
  last_us {INTEGER} NOT NULL,
  digest {BLOB} NOT NULL,
  import_id {TEXT} NOT NULL,
  made_us {INTEGER} NOT NULL,
  gone_us {INTEGER}
) {END}
"""

_SEGMENT_DAY = "CREATE INDEX segment_day ON segment (day) WHERE gone_us IS NULL"

# `state`: reading, done or undone. `detail` is JSON: counts of lines by what was wrong with
# them, and examples.
_IMPORT = """
CREATE TABLE import (
  id {TEXT} PRIMARY KEY,
  kind {TEXT} NOT NULL,
  label {TEXT} NOT NULL,
  at_us {INTEGER} NOT NULL,
  state {TEXT} NOT NULL,
  calls {INTEGER} NOT NULL,
  twice {INTEGER} NOT NULL,
  malformed {INTEGER} NOT NULL,
  first_us {INTEGER} NOT NULL,
  last_us {INTEGER} NOT NULL,
  cost_nusd {INTEGER} NOT NULL,
  detail {TEXT} NOT NULL
) {END}
"""

# A segment that was copied to a warehouse's folder or bucket. `entry`: its line of the manifest
# there. `gone_us`: it was replaced or undone then, and is in the manifest no more.
_SHIPPED = """
CREATE TABLE shipped (
  destination {TEXT} NOT NULL,
  path {TEXT} NOT NULL,
  at_us {INTEGER} NOT NULL,
  entry {TEXT} NOT NULL,
  gone_us {INTEGER},
  PRIMARY KEY (destination, path)
) {END}
"""

# What a provider's own report says of one day, since 1970. `line`: the class of tokens a report
# of costs charges for; empty: the tokens of a report of usage. NULL: the report does not say.
# An empty model: the day was reported, whether or not there was anything to report.
_REPORTED = """
CREATE TABLE reported (
  provider {TEXT} NOT NULL,
  account {TEXT} NOT NULL,
  day {INTEGER} NOT NULL,
  model {TEXT} NOT NULL,
  tier {TEXT} NOT NULL,
  line {TEXT} NOT NULL,
  requests {INTEGER},
  input_fresh {INTEGER},
  cache_read {INTEGER},
  cache_write_5m {INTEGER},
  cache_write_1h {INTEGER},
  output {INTEGER},
  cost_nusd {INTEGER},
  cache_write_30m {INTEGER},
  cache_write_12h {INTEGER},
  fetched_us {INTEGER} NOT NULL,
  PRIMARY KEY (provider, account, day, model, tier, line)
) {END}
"""

# How far our sums and the provider's were apart when last compared.
_DRIFT = """
CREATE TABLE drift (
  provider {TEXT} NOT NULL,
  day {INTEGER} NOT NULL,
  model {TEXT} NOT NULL,
  ours_nusd {INTEGER} NOT NULL,
  theirs_nusd {INTEGER} NOT NULL,
  why {TEXT} NOT NULL,
  at_us {INTEGER} NOT NULL,
  PRIMARY KEY (provider, day, model)
) {END}
"""

_DECISION = """
CREATE TABLE decision (
  name {TEXT} PRIMARY KEY,
  at_us {INTEGER} NOT NULL,
  asked {TEXT} NOT NULL,
  said {TEXT} NOT NULL,
  costs {TEXT} NOT NULL
) {END}
"""

# A saving that an audit claimed and somebody has acted on: measured again from `applied_us` on.
_CLAIM = """
CREATE TABLE claim (
  id {TEXT} PRIMARY KEY,
  rule {TEXT} NOT NULL,
  subject {TEXT} NOT NULL,
  at_us {INTEGER} NOT NULL,
  claimed_nusd {INTEGER} NOT NULL,
  applied_us {INTEGER},
  detail {TEXT} NOT NULL
) {END}
"""

# Work that is done beside the gateway, and how it went: `trouble` is empty, or what went wrong
# the last time, with its remedy; `worked_us`: when it last went well.
_CHORE = """
CREATE TABLE chore (
  name {TEXT} PRIMARY KEY,
  at_us {INTEGER} NOT NULL,
  worked_us {INTEGER} NOT NULL,
  trouble {TEXT} NOT NULL
) {END}
"""

_TABLES = (
    *(_SEGMENT, _SEGMENT_DAY, _IMPORT, _SHIPPED, _REPORTED),
    *(_DRIFT, _DECISION, _CLAIM, _CHORE),
)


def apply(connection: Connection) -> None:
    """From the fourth shape to the fifth."""
    types = _FILE if on_file(connection) else _SERVER
    for text in _TABLES:
        connection.execute(text.format(**types))
