"""A loss names the field as its caller wrote it, once."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.loss import Losses, as_word
from headgate.wire.meaning import Image, Text


def test_a_field_is_called_what_the_caller_calls_it() -> None:
    losses = Losses()
    losses.words = {"stop": "stop_sequences"}
    losses.note("stop", "dropped")
    losses.note("top_k", "dropped")
    assert [str(loss) for loss in losses.all] == ["stop_sequences: dropped", "top_k: dropped"]


def test_a_part_is_named_by_where_it_stood() -> None:
    losses, image = Losses(), Image(url="u")
    losses.place(image, "messages[2].content[0]")
    losses.refuse(image, "no images", heals="image_block")
    losses.note(Text("x"), "dropped")
    assert [loss.field for loss in losses.all] == ["messages[2].content[0]", "text"]
    assert [loss.heals for loss in losses.grave] == ["image_block"]


def test_the_same_loss_is_told_once() -> None:
    losses = Losses()
    for _ in range(3):
        losses.note("thinking", "dropped")
    assert len(losses.all) == 1


@given(st.text())
def test_only_what_can_be_a_word_of_an_api_is_repeated(written: str) -> None:
    told = as_word(written)
    assert told == written if re.fullmatch(r"[\w.:/+$-]{1,64}", written, re.A) else told == "…"
