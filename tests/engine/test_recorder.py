"""What is recorded is masked before it is written; what does not fit is dropped and counted."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from headgate.engine import recorder as module
from headgate.engine.recorder import (
    FULL,
    MOST_WAITING_BYTES,
    TROUBLE,
    UNREADABLE,
    Recorder,
    Taken,
    recorded,
)
from headgate.store.recordings import NAME, Recorded, Recordings
from headgate.wire import SURFACES
from headgate.wire.transcript import Asked

SECRET = "sk-ant-api03-" + "q" * 60
REPLY = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": f"use {SECRET}"},
            "finish_reason": "stop",
        }
    ],
}


def taken(id: str = "a", request: bytes | None = None) -> Taken:
    messages = [
        {"role": "system", "content": f"the key is {SECRET}"},
        {"role": "user", "content": f"Authorization: Bearer {SECRET}"},
    ]
    body = json.dumps({"model": "m", "messages": messages}).encode()
    about = Recorded(id=id, at_us=1, surface="chat", asked=Asked("", ()), tags=(SECRET, "t"))
    given = body if request is None else request
    return Taken(SURFACES["chat"], given, json.dumps(REPLY).encode(), False, about, 1 << 30)


def opened(folder: Path, said: list[str]) -> Recorder:
    return Recorder(folder, said.append, lambda id: id)


def test_no_secret_of_request_answer_or_tags_reaches_the_file(tmp_path: Path) -> None:
    recorder = opened(tmp_path, [])
    recorder.put(taken())
    recorder.close()
    assert recorder.written == 1
    (found,) = Recordings(tmp_path / NAME).find()
    assert found.masked == 4
    assert found.tags == ("[masked: key]", "t")
    assert found.answer is not None
    assert found.answer.text == "use [masked: key]"
    assert SECRET.encode() not in b"".join(it.read_bytes() for it in tmp_path.iterdir())


def test_what_cannot_be_read_is_counted_and_costs_no_other_call(tmp_path: Path) -> None:
    recorder = opened(tmp_path, [])
    recorder.put(taken("bad", b'{"messages": 1}'))
    recorder.put(taken("good"))
    recorder.close()
    assert (recorder.written, recorder.dropped) == (1, {UNREADABLE: 1})


def test_what_does_not_fit_is_dropped_at_once_and_counted(
    tmp_path: Path,
) -> None:
    recorder = opened(tmp_path, [])
    large = taken("large", b"x" * (MOST_WAITING_BYTES + 1))
    recorder.put(large)
    assert recorder.dropped == {FULL: 1}
    recorder.put(taken())
    recorder.close()
    recorder.put(taken("late"))
    assert (recorder.written, recorder.dropped) == (1, {FULL: 2})


def test_no_more_than_so_many_calls_wait(tmp_path: Path) -> None:
    recorder = opened(tmp_path, [])
    turn = threading.Lock()
    recorder._turn = turn  # the writer waits for it, as for a disk
    with turn:
        for n in range(module.MOST_WAITING + 2 * module.BATCH):
            recorder.put(taken(str(n)))
        assert recorder.dropped[FULL] >= module.BATCH
    recorder.close()
    assert recorder.written + recorder.dropped[FULL] == module.MOST_WAITING + 2 * module.BATCH


def test_a_file_that_cannot_be_written_is_said_once_and_drops_are_counted(
    tmp_path: Path,
) -> None:
    (tmp_path / NAME).write_bytes(b"nothing that SQLite knows" * 50)
    said: list[str] = []
    recorder = opened(tmp_path, said)
    for n in range(3):
        recorder.put(taken(str(n)))
    recorder.close()
    assert recorder.dropped == {TROUBLE: 3}
    assert said == ["it is not an SQLite database"]


def test_without_the_answer_only_the_question_is_recorded() -> None:
    found = recorded(taken()._replace(reply=None))
    assert found is not None
    assert found.answer is None
    assert found.asked.turns[0].text == "Authorization: Bearer [masked: key]"
