"""Prompt caches: what is read, written and paid fresh, over time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.cache import Block, Lookup, Points, PromptCache, chain
from headgate.wire.model import Usage

LEAST = 512
SCOPE = b"key and model"
MARKS = st.sampled_from(["", "", "", "5m", "1h"])
BLOCKS = st.lists(
    st.builds(Block, st.binary(min_size=1, max_size=3), st.integers(1, 900), MARKS),
    min_size=1,
    max_size=30,
)
POINTS = st.lists(
    st.builds(
        Block,
        st.binary(min_size=1, max_size=3),
        st.integers(1, 900),
        st.sampled_from(["", "", "30m", "12h"]),
    ),
    min_size=1,
    max_size=12,
)


def ask(cache: PromptCache, blocks: list[Block], now: float, scope: bytes = SCOPE) -> Usage:
    """A whole call: look, then the reply begins at once."""
    found = cache.look_anthropic(scope, blocks, LEAST, now)
    cache.commit(found, now)
    return found.usage


def ask_openai(cache: PromptCache, prompt: bytes, now: float) -> Usage:
    found = cache.look_openai(SCOPE, prompt, now)
    cache.commit(found, now)
    return found.usage


def ask_points(cache: PromptCache, prompt: Points, now: float) -> Usage:
    found = cache.look_points(SCOPE, prompt, now)
    cache.commit(found, now)
    return found.usage


def block(name: str, tokens: int = 600, mark: str = "") -> Block:
    return Block(name.encode(), tokens, mark)


@given(BLOCKS, BLOCKS)
def test_every_token_of_a_prompt_is_in_exactly_one_class(
    first: list[Block], second: list[Block]
) -> None:
    cache = PromptCache()
    for i, blocks in enumerate((first, second, first, first + second)):
        usage = ask(cache, blocks, float(i))
        assert usage.input_total == sum(each.tokens for each in blocks)
        assert min(usage.input_fresh, usage.cache_read, usage.cache_write_5m) >= 0


@given(BLOCKS)
def test_the_same_prompt_again_reads_what_it_wrote_and_writes_nothing(
    blocks: list[Block],
) -> None:
    cache = PromptCache()
    first = ask(cache, blocks, 0.0)
    second = ask(cache, blocks, 1.0)
    assert second.cache_read == first.cache_write_5m + first.cache_write_1h
    assert second.cache_write_5m == second.cache_write_1h == 0
    assert second.input_fresh == first.input_fresh


@given(BLOCKS, st.integers(0, 29), st.binary(min_size=4, max_size=5))
def test_a_changed_block_loses_everything_from_it_on(
    blocks: list[Block], place: int, other: bytes
) -> None:
    place %= len(blocks)
    cache = PromptCache()
    ask(cache, blocks, 0.0)
    changed = [*blocks]
    changed[place] = Block(other, blocks[place].tokens, blocks[place].mark)
    usage = ask(cache, changed, 1.0)
    assert usage.cache_read <= sum(each.tokens for each in blocks[:place])


@given(BLOCKS)
def test_another_key_or_model_reads_nothing(blocks: list[Block]) -> None:
    cache = PromptCache()
    ask(cache, blocks, 0.0)
    assert ask(cache, blocks, 1.0, b"someone else").cache_read == 0


@given(
    st.lists(st.binary(max_size=4), max_size=12), st.lists(st.binary(max_size=4), max_size=12)
)
def test_prefixes_have_one_name_only_if_they_are_equal(
    one: list[bytes], two: list[bytes]
) -> None:
    names = [chain(SCOPE, [Block(data, 1) for data in each]) for each in (one, two)]
    for i in range(min(len(one), len(two))):
        assert (names[0][i] == names[1][i]) == (one[: i + 1] == two[: i + 1])


def test_an_entry_lives_five_minutes_from_the_start_of_its_request() -> None:
    cache = PromptCache()
    blocks = [block("a", mark="5m")]
    found = cache.look_anthropic(SCOPE, blocks, LEAST, 0.0)
    cache.commit(found, 60.0)  # a slow reply: the head came a minute later
    assert cache.look_anthropic(SCOPE, blocks, LEAST, 299.9).usage.cache_read == 600
    assert cache.look_anthropic(SCOPE, blocks, LEAST, 300.0).usage.cache_read == 0


def test_a_read_lets_an_entry_live_on_for_its_own_time() -> None:
    cache = PromptCache()
    hour, five = [block("a", mark="1h")], [block("b", mark="5m")]
    for blocks in (hour, five):
        ask(cache, blocks, 0.0)
    assert ask(cache, five, 200.0).cache_read == 600
    assert ask(cache, five, 450.0).cache_read == 600
    assert ask(cache, five, 751.0).cache_read == 0
    assert ask(cache, hour, 3_599.0).cache_read == 600
    assert ask(cache, hour, 7_198.0).cache_read == 600


def test_parallel_first_requests_all_miss() -> None:
    cache = PromptCache()
    blocks = [block("a", mark="5m")]
    first = cache.look_anthropic(SCOPE, blocks, LEAST, 0.0)
    second = cache.look_anthropic(SCOPE, blocks, LEAST, 0.1)
    assert first.usage.cache_write_5m == second.usage.cache_write_5m == 600
    cache.commit(first, 0.2)
    assert cache.look_anthropic(SCOPE, blocks, LEAST, 0.3).usage.cache_read == 600


def test_a_prefix_below_the_minimum_is_silently_not_cached() -> None:
    cache = PromptCache()
    short = [block("a", 511, "5m")]
    assert ask(cache, short, 0.0) == Usage(input_fresh=511)
    assert ask(cache, short, 1.0) == Usage(input_fresh=511)
    assert ask(cache, [block("a", 512, "5m")], 2.0).cache_write_5m == 512


def test_only_marked_places_are_written() -> None:
    cache = PromptCache()
    ask(cache, [block("a"), block("b", mark="5m")], 0.0)
    assert ask(cache, [block("a", mark="5m"), block("c")], 1.0).cache_read == 0


def test_a_mark_looks_twenty_blocks_back_and_no_further() -> None:
    cache = PromptCache()
    ask(cache, [block("start", mark="5m")], 0.0)
    near = [block("start"), *(block(str(i)) for i in range(18)), block("end", mark="5m")]
    assert cache.look_anthropic(SCOPE, near, LEAST, 1.0).usage.cache_read == 600
    far = [block("start"), *(block(str(i)) for i in range(19)), block("end", mark="5m")]
    assert cache.look_anthropic(SCOPE, far, LEAST, 1.0).usage.cache_read == 0


def test_a_growing_conversation_pays_only_for_what_is_new() -> None:
    cache = PromptCache()
    turns = [block("system", 2_000, "1h")]
    assert ask(cache, turns, 0.0).cache_write_1h == 2_000
    turns += [block("q1", 100), block("a1", 300, "5m")]
    assert ask(cache, turns, 1.0) == Usage(cache_read=2_000, cache_write_5m=400)
    turns[-1] = block("a1", 300)
    turns += [block("q2", 50, "5m"), block("rest", 7)]
    assert ask(cache, turns, 2.0) == Usage(7, 2_400, 50)


def test_hour_and_minute_marks_are_charged_apart() -> None:
    blocks = [block("a", 1_000, "1h"), block("b", 2_000, "5m"), block("c", 3)]
    assert ask(PromptCache(), blocks, 0.0) == Usage(3, 0, 2_000, 1_000)


def test_openai_reads_whole_steps_of_128_tokens_from_1024_on_and_writes_for_nothing() -> None:
    cache = PromptCache()
    prompt = b"x" * 4 * 1_500
    assert ask_openai(cache, prompt, 0.0) == Usage(1_500)
    assert ask_openai(cache, prompt, 1.0) == Usage(1_500 - 1_408, 1_408)
    longer = prompt + b"y" * 4 * 500
    assert ask_openai(cache, longer, 2.0) == Usage(2_000 - 1_408, 1_408)


def test_openai_does_not_cache_below_1024_tokens() -> None:
    cache = PromptCache()
    for now in (0.0, 1.0):
        assert ask_openai(cache, b"x" * 4 * 1_023, now) == Usage(1_023)


def turns(count: int, mark: str = "", *, explicit: bool = False) -> Points:
    """A conversation of the user's and the model's turns, the user's last one marked."""
    blocks = [block(f"turn {n}", 1_200) for n in range(count)]
    blocks[-1] = block(f"turn {count - 1}", 1_200, mark)
    return Points(blocks, range(0, count, 2), explicit)


def test_openai_writes_at_the_end_of_the_newest_message_and_reads_it_in_the_next_turn() -> None:
    cache = PromptCache()
    assert ask_points(cache, turns(1), 0.0) == Usage(cache_write_30m=1_200)
    assert ask_points(cache, turns(3), 1.0) == Usage(0, 1_200, cache_write_30m=2_400)
    assert ask_points(cache, turns(5), 2.0) == Usage(0, 3_600, cache_write_30m=2_400)


def test_a_prefix_that_no_breakpoint_ends_is_not_found_at_openai() -> None:
    """A shared system prompt alone saves nothing when the question behind it changes."""
    cache = PromptCache()
    system = block("system", 5_000)
    ask_points(cache, Points([system, block("one")], [0, 1]), 0.0)
    assert ask_points(cache, Points([system, block("two")], [0, 1]), 1.0).cache_read == 0
    marked = block("system", 5_000, "30m")
    ask_points(cache, Points([marked, block("three")], [0, 1]), 2.0)
    usage = ask_points(cache, Points([marked, block("four")], [0, 1], explicit=True), 3.0)
    assert usage == Usage(600, 5_000)


@given(POINTS)
def test_explicit_without_breakpoints_reads_and_writes_nothing(blocks: list[Block]) -> None:
    cache = PromptCache()
    ask_points(cache, Points(blocks, [len(blocks) - 1]), 0.0)
    bare = [Block(each.data, each.tokens) for each in blocks]
    usage = ask_points(cache, Points(bare, [len(blocks) - 1], explicit=True), 1.0)
    assert usage == Usage(sum(each.tokens for each in blocks))


@given(POINTS, POINTS, st.booleans())
def test_every_token_at_openai_is_in_exactly_one_class(
    first: list[Block], second: list[Block], explicit: bool
) -> None:
    cache = PromptCache()
    for i, blocks in enumerate((first, second, first, first + second)):
        found = cache.look_points(SCOPE, Points(blocks, [len(blocks) - 1], explicit), float(i))
        assert found.usage.input_total == sum(each.tokens for each in blocks)
        assert min(found.usage) >= 0
        assert len(found.writes) <= 4
        cache.commit(found, float(i))


def test_a_breakpoint_lives_for_its_own_time() -> None:
    cache = PromptCache()
    long = Points([block("a", 1_024, "12h"), block("b", 1_024, "30m")], explicit=True)
    assert ask_points(cache, long, 0.0) == Usage(cache_write_30m=1_024, cache_write_12h=1_024)
    assert cache.look_points(SCOPE, long, 1_799.0).usage == Usage(0, 2_048)
    assert cache.look_points(SCOPE, long, 1_801.0).usage.cache_read == 1_024
    assert cache.look_points(SCOPE, long, 43_201.0).usage.cache_read == 0


def test_of_many_breakpoints_the_last_four_are_written_and_the_last_eighty_read() -> None:
    cache = PromptCache()
    marked = [block(str(n), 1_200, "30m") for n in range(100)]
    found = cache.look_points(SCOPE, Points(marked, explicit=True), 0.0)
    assert len(found.writes) == 4
    ask_points(cache, Points(marked[:20], explicit=True), 0.0)
    assert ask_points(cache, Points(marked[:99], explicit=True), 1.0).cache_read == 24_000
    cache = PromptCache()
    ask_points(cache, Points(marked[:20], explicit=True), 0.0)
    assert ask_points(cache, Points(marked, explicit=True), 1.0).cache_read == 0


@given(st.binary(min_size=1, max_size=40), st.integers(0, 12_000), st.binary(max_size=9_000))
def test_openai_reads_a_shared_prefix_only(seed: bytes, same: int, tail: bytes) -> None:
    cache = PromptCache()
    prompt = (seed * (12_000 // len(seed) + 1))[:12_000]
    ask_openai(cache, prompt, 0.0)
    other = prompt[:same] + b"\0" + tail
    usage = ask_openai(cache, other, 1.0)
    assert usage.cache_read % 128 == 0
    shared = len(prompt) if other.startswith(prompt) else same + 1
    assert usage.cache_read * 4 <= shared or usage.cache_read * 4 <= len(other)
    if b"\0" not in seed:
        assert usage.cache_read * 4 <= same
    assert usage.input_total == -(-len(other) // 4)


def test_what_is_kept_is_bounded_and_the_oldest_goes_first() -> None:
    cache = PromptCache(most=3)
    for name in "abcd":
        cache.commit(Lookup(Usage(), 0.0, (), ((name.encode(), 300.0),)), 0.0)
    assert list(cache.entries) == [b"b", b"c", b"d"]
    cache.commit(Lookup(Usage(), 1.0, (b"b",)), 1.0)
    assert list(cache.entries) == [b"c", b"d", b"b"]
