"""How equality and order that the code wrote by hand are decided."""

from __future__ import annotations

import pytest

from headgate.sandbox.verdict import rustcode, rustorder

CODE = rustcode.read("""
#[derive(Debug, Clone)]
pub struct Email { local: String, host: String }
impl PartialEq for Email { fn eq(&self, o: &Self) -> bool { true } }
impl PartialEq<str> for Email { fn eq(&self, o: &str) -> bool { true } }
pub struct Job(u32, String);
impl Ord for Job { fn cmp(&self, o: &Self) -> Ordering { o.0.cmp(&self.0) } }
pub struct Shared { at: HashMap<u8, u8> }
impl PartialEq for Shared { fn eq(&self, o: &Self) -> bool { true } }
""")
EMAIL, JOB, SHARED = (CODE.types[it] for it in ("Email", "Job", "Shared"))


def test_what_is_written_by_hand_is_known() -> None:
    assert rustorder.by_hand(CODE, EMAIL) == {"PartialEq"}
    assert rustorder.by_hand(CODE, JOB) == {"Ord"}


@pytest.mark.parametrize(
    ("tests", "is_whole"),
    [
        ('Email::parse("a@b").local()', True),
        ("Email { local: a, host: b }", False),
        ('Email::parse("a@b").host', False),
    ],
)
def test_only_what_tests_leave_whole_may_say_what_equals_it(tests: str, is_whole: bool) -> None:
    text = rustorder.judged(EMAIL, frozenset(["PartialEq"]), tests)
    assert f'hg_order::equal("Email", {str(is_whole).lower()}, self, other)' in text


def test_of_what_no_other_value_can_be_made_the_code_is_not_believed() -> None:
    assert "|| false }" in rustorder.judged(SHARED, frozenset(["PartialEq"]), "")


def test_equal_data_are_equal_without_asking() -> None:
    text = rustorder.judged(EMAIL, frozenset(["PartialEq"]), "")
    assert "(self.local == other.local && self.host == other.host) ||" in text


def test_the_code_answers_by_its_own_order() -> None:
    text, named = rustorder.served("Job", rustorder.by_hand(CODE, JOB))
    assert named == ["hg_order_Job"]
    assert "Some(Ord::cmp(a, b))" in text
