"""How closures and objects behind traits cross: the same text for both sides."""

from __future__ import annotations

from headgate.sandbox.verdict import rustbounds, rustcode, rustlent

TRAITS = rustcode.read(
    "trait Shape: Send + Sync { fn area(&self) -> f64; fn name(&self) -> String { todo!() } }\n"
    "trait Dog { fn bark(&mut self, n: &mut u8) -> u8; }"
).traits


def lent(kind: str) -> rustbounds.Lent:
    [(_, _, it)] = rustbounds.found(kind, TRAITS)
    assert it is not None
    return it


def test_a_closure_that_many_threads_may_call_is_called_at_once() -> None:
    assert "lend_to_all(" in rustlent.wire(lent("Box<dyn Fn(u8) + Send + Sync>"), (), TRAITS)
    assert "lend(true, " in rustlent.wire(lent("Box<dyn Fn(u8) + Send>"), (), TRAITS)
    assert "lend(false, " in rustlent.wire(lent("Box<dyn Fn(u8)>"), (), TRAITS)


def test_an_object_answers_to_all_methods_of_its_trait() -> None:
    text = rustlent.wire(lent("Arc<dyn Shape>"), (), TRAITS)
    assert '"area" =>' in text
    assert '"name" =>' in text
    assert "fn name(&self) -> String" in rustlent.stands("Shape", TRAITS["Shape"])


def test_what_a_method_changes_is_told_back() -> None:
    assert "Put::hg_put(&hga0, out)" in rustlent.wire(lent("Box<dyn Dog>"), (), TRAITS)
    assert "*hg1 = hg_lend::came::<u8>" in rustlent.stands("Dog", TRAITS["Dog"])


def test_a_case_of_what_has_type_parameters_goes_with_it() -> None:
    one, other = lent("Box<dyn Fn(T) -> U>"), lent("Box<dyn Fn(i32) -> String>")
    both = {it.written(): (it, named) for it, named in ((other, ()), (one, ("T", "U")))}
    assert [it.written() for it, _ in rustlent.distinct(both)] == [one.written()]
    apart = {it.written(): (it, ()) for it in (other, lent("Box<dyn Fn(&i32) -> String>"))}
    assert len(rustlent.distinct(apart)) == 2
