"""Runs a job where it is asked for: on a vendor's interpreter, here, or wherever suits it.

Rule 1: a result is the same wherever it was made, with model, tokens and cost beside it.
Rule 2: what did not run as it was sent is broken, and says so; no model's word is a result.
Rule 3: the next place is tried only where there is no result of the code.
Rule 4: a container that was kept awake serves one run, as one that is made for it does.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple, Self

import msgspec

from headgate.money.catalog import Catalog
from headgate.providers import Provider
from headgate.sandbox import catalogue
from headgate.sandbox.hosted import choice, parcel
from headgate.sandbox.hosted.anthropic import Anthropic
from headgate.sandbox.hosted.choice import AUTO, LOCAL, Place
from headgate.sandbox.hosted.openai import OpenAI
from headgate.sandbox.hosted.said import Interpreter, Said
from headgate.sandbox.hosted.vendor import NANO, Size, Vendor, vendors
from headgate.sandbox.hosted.warm import Charge, Warm
from headgate.sandbox.hosted.warm import words as warm_words
from headgate.sandbox.hosted.wire import ANSWER_S, Wire
from headgate.sandbox.model import Job, Refused, Result, Status, Unavailable
from headgate.sandbox.settings import Settings
from headgate.upstream import Door
from headgate.wire import SURFACES
from headgate.wire.model import Fault, Usage
from headgate.wire.reading import Reading

USUAL = Usage(input_fresh=3_000, output=200)
"""of one run: the tool's description, the line, and the line again"""
WORST = Usage(input_fresh=30_000, output=8_192)
"""a turn that is paused and goes on sends all of it again; answers are bounded by us"""
SHOWN = 300
"""characters of what a model ran instead"""
Here = Callable[[Job], Awaitable[Result]]
_SPEAKS: dict[str, Callable[[Wire], Interpreter]] = {"openai": OpenAI, "anthropic": Anthropic}


class Hosted(NamedTuple):
    """A provider whose interpreter can be used."""

    provider: Provider
    vendor: Vendor
    model: str

    @property
    def on(self) -> str:
        return f"{self.provider.name}:{self.model}"


class Away:
    """The places of one configuration."""

    def __init__(
        self,
        providers: Sequence[Provider],
        catalog: Catalog,
        settings: Settings,
        door: Door | None = None,
    ) -> None:
        self._providers = providers
        self._catalog = catalog
        self._settings = settings
        self._door = door or Door()
        self._owned = door is None
        self._warm: dict[str, list[Warm]] = {}
        """containers that are kept awake, by their provider"""
        self._tending: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for tending in self._tending:
            tending.cancel()
        await asyncio.gather(*self._tending, return_exceptions=True)
        if self._owned:
            await self._door.close()

    def keep_warm(
        self,
        on: str,
        count: int,
        memory_mb: int = 1024,
        *,
        agreed_usd_day: str = "0",
        charge: Charge | None = None,
    ) -> str:
        """Keep containers of a vendor awake for runs to come, until this context is left.

        It says what they cost a day; Refused says so where that is more than was agreed to, or
        why they cannot be kept, and nothing is begun.
        """
        it = self._hosted(on)
        speaks = _SPEAKS[it.provider.kind](Wire(it.provider, self._door))
        warm = Warm(
            speaks, it.vendor, memory_mb, count, agreed_usd_day=agreed_usd_day, charge=charge
        )
        self._warm.setdefault(it.provider.name, []).append(warm)
        self._tending.append(asyncio.ensure_future(warm.run()))
        return warm_words(it.vendor, memory_mb, count)

    @contextlib.asynccontextmanager
    async def held(self, on: str, memory_mb: int) -> AsyncIterator[tuple[str, int]]:
        """A container for several jobs, to be their session, and what it costs at least.

        Its name is empty where a vendor makes one with the first job: that one's result has it.
        """
        it = self._hosted(on)
        speaks = _SPEAKS[it.provider.kind](Wire(it.provider, self._door))
        size = it.vendor.size(memory_mb) or it.vendor.sizes[-1]
        container = await speaks.open(size.name)
        try:
            yield container, size.cost_nusd(0, it.vendor.billed_from_s) if container else 0
        finally:
            if container:
                with contextlib.suppress(Unavailable):  # it ends by itself, later
                    await speaks.close(container)

    @property
    def awake(self) -> int:
        """Containers that are ready now."""
        return sum(len(warm) for held in self._warm.values() for warm in held)

    async def _container(self, it: Hosted, speaks: Interpreter, size: Size) -> tuple[str, bool]:
        """One that was kept awake and lives, which is paid for so far, or a new one."""
        for warm in self._warm.get(it.provider.name, ()):
            while warm.holds(size) and (container := warm.take()):
                with contextlib.suppress(Unavailable):
                    await speaks.touch(container)
                    return container, True
        return await speaks.open(size.name), False

    def places(self, job: Job) -> list[Place]:
        """Every place, with what it lacks for the job and what it would cost.

        It may look for a toolchain: in a thread, where there is a loop.
        """
        hosted = [
            Hosted(it, vendors()[it.kind], vendors()[it.kind].models[0])
            for it in self._providers
            if it.kind in vendors() and (it.api_key or it.api_keys)
        ]
        return [self._here(job), *(self._there(it, job) for it in hosted)]

    async def run(self, on: str, job: Job, here: Here | None = None) -> Result:
        """Run it: `on` names places in the order they are tried, or leaves the choice.

        Refused and Unavailable say why it was run nowhere.
        """
        if on == AUTO:
            places = await asyncio.to_thread(self.places, job)
            tried = choice.order([it for it in places if it.on != LOCAL or here is not None])
        else:
            tried = [self._named(name.strip(), job) for name in on.split(",")]
            places = tried if len(tried) > 1 else []
        failed: list[str] = []
        result, lost_nusd = None, 0
        for n, place in enumerate(tried):
            try:
                result = await self._at(place, job, here)
            except (Refused, Unavailable) as unable:
                if n == len(tried) - 1:
                    raise
                failed.append(f"{place.on} did not: {unable.what}")
                continue
            told = choice.why(place, places, failed)
            if result.status is not Status.BROKEN or n == len(tried) - 1:
                cost_nusd = result.cost_nusd + lost_nusd
                return msgspec.structs.replace(
                    result, on=place.on, why=told, cost_nusd=cost_nusd
                )
            lost_nusd += result.cost_nusd
            failed.append(f"{place.on} did not: {result.hint}")
        raise Refused("there is nowhere to run it", "name a place: --on local")

    def about(self, on: str, job: Job) -> tuple[int, int]:
        """What it costs probably, and at worst, at all that `on` names; Refused as of run."""
        if on == AUTO:
            names = [it.on for it in self.places(job) if it.on != LOCAL and not it.lacks]
        else:
            names = [it for it in map(str.strip, on.split(",")) if it != LOCAL]
        found = [self._hosted(name) for name in names]
        probable = self._there(found[0], job).about_nusd if found else 0
        return probable, sum(self._worst_at(it, job) for it in found)

    def _worst_at(self, it: Hosted, job: Job) -> int:
        size = it.vendor.size(job.limits.memory_mb) or it.vendor.sizes[-1]
        box = size.cost_nusd(job.limits.wall_s + ANSWER_S, it.vendor.billed_from_s)
        return self._tokens_nusd(it, it.model, WORST) + box

    def _here(self, job: Job) -> Place:
        missing = ""
        try:
            catalogue.runtime(job.language)
        except (Refused, Unavailable) as lacking:
            missing = lacking.what
        return choice.local(job, self._settings, missing, self._second_nusd)

    @property
    def _second_nusd(self) -> int:
        return int(Decimal(self._settings.second_usd) * NANO)

    def _there(self, it: Hosted, job: Job) -> Place:
        vendor = it.vendor
        size = vendor.size(job.limits.memory_mb)
        tokens = self._tokens_nusd(it, it.model, USUAL)
        box = size.cost_nusd(job.limits.wall_s, vendor.billed_from_s) if size else 0
        return Place(it.on, vendor.lacks(job), tokens + box)

    def _named(self, name: str, job: Job) -> Place:
        if name == LOCAL:
            return choice.local(job, self._settings, "", self._second_nusd)
        place = self._there(self._hosted(name), job)
        if place.lacks:
            raise Refused(f"{place.on}: {place.lacks}", "--on local, or ask for less")
        return place

    def _hosted(self, name: str) -> Hosted:
        """The provider, and its model, that a name stands for."""
        wanted, _, model = name.partition(":")
        for it in sorted(self._providers, key=lambda it: it.name != wanted):
            if wanted in (it.name, it.kind) and it.kind in vendors():
                if not (it.api_key or it.api_keys):
                    raise Refused(
                        f"{it.name} has no key",
                        f"set {it.key_env or 'its api_key'}, or --on local",
                    )
                vendor = vendors()[it.kind]
                return Hosted(it, vendor, model or vendor.models[0])
        known = ", ".join(it.name for it in self._providers if it.kind in vendors())
        raise Refused(
            f"no provider {wanted!r} here runs code",
            f"local does{', and ' + known if known else '; openai, anthropic do with a key'}",
        )

    async def _at(self, place: Place, job: Job, here: Here | None) -> Result:
        if place.on != LOCAL:
            return await self._on(self._hosted(place.on), job)
        if here is None:
            raise Unavailable("code cannot be run here", "name a vendor: --on openai")
        return await here(job)

    async def _on(self, it: Hosted, job: Job) -> Result:
        """Run it on a vendor's interpreter."""
        began, sent = time.monotonic(), parcel.pack(job)
        speaks = _SPEAKS[it.provider.kind](Wire(it.provider, self._door))
        size = it.vendor.size(job.limits.memory_mb)
        if size is None:
            raise Refused(f"{it.on}: {it.vendor.lacks(job)}", "--on local")
        container, is_paid = job.session, bool(job.session)
        if not container:
            container, is_paid = await self._container(it, speaks, size)
        said: Said | None = None
        try:
            said = await speaks.run(sent, it.model, container)
            result = await self._read(speaks, said, sent, job)
        finally:
            with contextlib.suppress(Unavailable):  # the result is what counts
                if said is not None:
                    await speaks.clear(said, sent)
                if container and not job.session:
                    await speaks.close(container)
        took_s = time.monotonic() - began
        from_s = 0 if is_paid else it.vendor.billed_from_s
        usage, model = _used(said, it.vendor)
        cost = self._tokens_nusd(it, model or it.model, usage) + size.cost_nusd(took_s, from_s)
        return msgspec.structs.replace(
            result,
            language=job.language,
            model=model or it.model,
            input_tokens=usage.input_total,
            output_tokens=usage.output,
            cost_nusd=cost,
            total_ms=took_s * 1000,
            id=said.container,
        )

    async def _read(
        self, speaks: Interpreter, said: Said, sent: parcel.Parcel, job: Job
    ) -> Result:
        """What came of it, if it ran as it was sent."""
        if not said.ran:
            return _broken("the model ran nothing")
        if not said.is_ours:
            other = " | ".join(said.ran)[:SHOWN]
            return _broken(f"the model did not run the code as it was given, but: {other}")
        wanted = parcel.printed(sent, said.logs)
        if not wanted:
            shown = said.logs.strip()[-SHOWN:] or "nothing"
            return _broken(f"the code did not come to an end there; it printed: {shown}")
        files = await speaks.files(said, sent)
        outcome = parcel.read(files.get(sent.outcome, b""), wanted)
        if outcome is None:
            return _broken("what came of the code could not be fetched as it was written")
        return parcel.result_of(outcome, files, job.limits)

    def _tokens_nusd(self, it: Hosted, model: str, usage: Usage) -> int:
        provider = it.provider
        rates = self._catalog.rates(
            provider.prices, model, datetime.now(UTC), free=provider.free, seller=provider.name
        )
        return rates.cost(usage).total_nusd


def _broken(why: str) -> Result:
    return Result(status=Status.BROKEN, hint=why)


def _used(said: Said, vendor: Vendor) -> tuple[Usage, str]:
    """The tokens of all answers together, and the model that gave them."""
    total, model = Usage(), ""
    for body in said.bodies:
        reading = Reading()
        with contextlib.suppress(Fault):
            SURFACES[vendor.surface].read(body, reading)
        total = Usage(*(one + other for one, other in zip(total, reading.usage, strict=True)))
        model = reading.model or model
    return total, model
