"""An answer said at once is the answer said piece by piece, in every dialect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.meaning import (
    Answer,
    Begun,
    Cited,
    Delta,
    Ended,
    More,
    Over,
    Part,
    Refusal,
    Sealed,
    Stop,
    Text,
    Thought,
    ToolCall,
)
from headgate.wire.sse import events
from headgate.wire.voice import Voice, canned, say, spoken
from tests.wire.translated import CODECS

VOICE = Voice("call-1", 7, "m", include_usage=True)
WORDS = st.text(min_size=1, max_size=20)
PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, text=WORDS),
    st.builds(Refusal, text=WORDS),
    st.builds(Thought, text=WORDS, seal=WORDS, maker=st.just("anthropic")),
    st.builds(ToolCall, id=st.just("c1"), name=st.just("f"), arguments=st.just('{"a":1}')),
)


def gathered(deltas: list[Delta]) -> list[tuple[str, str, str]]:
    """(kind, text, seal) of each part."""
    parts: list[tuple[str, str, str]] = []
    for delta in deltas:
        match delta:
            case Begun(part):
                parts.append((type(part).__name__, "", ""))
            case More(text):
                kind, so_far, seal = parts[-1]
                parts[-1] = (kind, so_far + text, seal)
            case Sealed(seal):
                parts[-1] = (*parts[-1][:2], seal)
            case Cited() | Ended() | Over():
                pass
    return parts


@given(st.lists(PARTS, max_size=5))
def test_a_whole_answer_falls_into_deltas_and_nothing_of_it_is_lost(parts: list[Part]) -> None:
    deltas = [*spoken(Answer(parts, Stop.END))]
    assert isinstance(deltas[-1], Over)
    assert gathered(deltas) == [
        (
            type(part).__name__,
            getattr(part, "text", "") or getattr(part, "arguments", ""),
            getattr(part, "seal", ""),
        )
        for part in parts
    ]


@pytest.mark.parametrize("name", CODECS)
@given(text=WORDS)
def test_words_said_at_once_are_heard_again_from_the_stream(name: str, text: str) -> None:
    codec = CODECS[name]
    body = say(codec, Answer([Text(text)], Stop.LENGTH, id="x"), VOICE, stream=True)
    listener = codec.Listener()
    heard = [delta for event in events(body) for delta in listener.hear(event)]
    heard += listener.finish()
    assert gathered(heard) == [("Text", text, "")]
    assert heard[-1] == Over(Stop.LENGTH)


@pytest.mark.parametrize("name", CODECS)
def test_the_operators_words_name_the_model_that_was_asked_for(name: str) -> None:
    codec = CODECS[name]
    whole = codec.decode_answer(canned(codec, "sorry", VOICE, stream=False))
    assert (whole.model, whole.parts, whole.usage.output) == ("m", [Text("sorry")], 0)


@pytest.mark.parametrize("name", CODECS)
def test_the_pages_of_a_text_are_heard_again_from_its_stream(name: str) -> None:
    page = {"type": "url_citation", "url": "https://a.example", "title": "A"}
    placed = {**page, "start_index": 3, "end_index": 5}
    answer = Answer([Text("one", citations=[page]), Text("two", citations=[page])], Stop.END)
    codec = CODECS[name]
    body = say(codec, answer, VOICE, stream=True)
    listener = codec.Listener()
    heard = [delta for event in events(body) for delta in listener.hear(event)]
    cited = [delta.citation for delta in heard if isinstance(delta, Cited)]
    assert [one["url"] for one in cited] == [page["url"]] * 2
    if name == "openai_chat":  # has one text, and counts on in it
        assert {"start_index": 3, "end_index": 6}.items() <= cited[1].items()
    assert {**placed, **cited[0]}.keys() >= page.keys()
