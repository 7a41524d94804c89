"""Which keys of ours a provider's section names, and whether each of them can be one.

Rule 1: a key that is not there, or cannot be one, is a mistake told with variable and remedy.
Rule 2: no account is named twice: it would stand for two shares of the traffic.
Rule 3: what is limited for one account takes the place of what holds for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from headgate.config.caps import read_limits
from headgate.config.problem import join, meant
from headgate.config.table import Table, Wrong, variable_of
from headgate.policy.cap import Limits
from headgate.providers import Account, Preset
from headgate.providers.credential import inspect, missing, present


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one section; `base_url` is the address they are sent to."""

    preset: Preset
    table: Table
    base_url: str

    def read(self) -> tuple[Account, ...]:
        """Every key with its variable; none where none is needed or one is unusable."""
        content, place = self.table.content, join(self.table.path, "api_keys")
        if "api_keys" not in content:
            return self._one()
        if "api_key" in content:
            self.table.report.wrong(
                place, "stands beside api_key", "name every key in api_keys and remove api_key"
            )
            return ()
        given = content["api_keys"]
        if not isinstance(given, list) or not given:
            example = 'api_keys = ["env:FIRST_KEY", "env:SECOND_KEY"]'
            self.table.report.wrong(place, "must be a list of keys", example)
            return ()
        found = [self._entry(each, f"{place}[{at}]") for at, each in enumerate(given)]
        accounts = tuple(account for account in found if account is not None)
        self._tell_apart(accounts, place)
        return accounts

    def _entry(self, given: object, place: str) -> Account | None:
        """One of api_keys: its key, or a table of its key and its own limits."""
        if not isinstance(given, dict):
            return self._named(given, place)
        table = Table(given, place, self.table.report, self.table.env)
        for name in given.keys() - {"key", "limits"}:
            what, hint = f"unknown key '{name}'", meant(name, ("key", "limits"))
            table.report.wrong(join(place, name), what, hint)
        account = self._named(given.get("key"), join(place, "key"))
        if account is None or "limits" not in given:
            return account
        return replace(account, limits=limits_in(table))

    def _one(self) -> tuple[Account, ...]:
        """The key of api_key, else the one in the vendor's usual variable."""
        given = self.table.content.get("api_key")
        if given is not None:
            account = self._named(given, join(self.table.path, "api_key"))
        else:
            variable = present(self.preset, self.table.env)
            if not variable and self.preset.key_optional:
                return ()
            account = self._checked(variable or self.preset.key_env[0], self.table.path)
        return () if account is None else (account,)

    def _named(self, given: object, place: str) -> Account | None:
        """The key behind `env:NAME`."""
        variable = variable_of(given)
        if variable:
            return self._checked(variable, place)
        try:
            self.table.secret(given, "api_key")
        except Wrong as wrong:
            self.table.report.wrong(place, wrong.what, wrong.hint)
        return None

    def _checked(self, variable: str, place: str) -> Account | None:
        report, env = self.table.report, self.table.env
        if variable not in env:
            what = f"has no key: {variable} is not set"
            report.wrong(place, what, missing(self.preset, variable))
            return None
        flaw = inspect(env[variable], variable, self.preset, self.base_url)
        if flaw and not flaw.usable:
            report.wrong(place, flaw.what, flaw.remedy)
            return None
        if flaw:
            report.note(f"{place}: {flaw.what}; hint: {flaw.remedy}")
        return Account(variable, env[variable])

    def _tell_apart(self, accounts: tuple[Account, ...], place: str) -> None:
        owners: dict[str, str] = {}
        for account in accounts:
            name = account.variable
            owner = owners.get(account.key)
            owners[account.key] = name
            if owner is not None:
                same = owner == name
                what = f"names {name} twice" if same else f"{owner} and {name} hold one key"
                self.table.report.wrong(place, what, "name every account once")


def limits_in(table: Table) -> Limits:
    """What the table's `limits` allow in a minute."""
    place, given = join(table.path, "limits"), table.content["limits"]
    if not isinstance(given, dict):
        table.report.wrong(place, "must be a table", "limits = { requests = 1000 }")
        return Limits()
    return read_limits(Table(given, place, table.report, table.env))
