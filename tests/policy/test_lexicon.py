"""The tables of words contradict neither themselves nor each other."""

from __future__ import annotations

from headgate.policy import lexicon


def test_every_axis_has_one_strength_and_opposites_have_opposite_signs() -> None:
    strengths: dict[str, set[bool]] = {}
    for side in lexicon.SIDES.values():
        strengths.setdefault(side.axis, set()).add(side.strong)
    assert {len(found) for found in strengths.values()} == {1}
    more, less = lexicon.SIDES["more"], lexicon.SIDES["less"]
    assert (more.axis, more.sign, less.axis, less.sign) == ("more", "+", "more", "-")


def test_words_of_the_same_meaning_lead_to_one_word_and_no_further() -> None:
    """Else what they lead to would depend on how often one looks."""
    assert not set(lexicon.SYNONYMS) & set(lexicon.SYNONYMS.values())


def test_nothing_that_turns_an_answer_round_is_a_synonym() -> None:
    decisive = lexicon.NEGATIONS | set(lexicon.WHEN_WHERE) | set(lexicon.NUMBER_WORDS)
    assert not decisive & set(lexicon.SYNONYMS)


def test_every_number_word_is_a_number_and_every_month_one_of_twelve() -> None:
    assert all(float(value.rstrip(".")) >= 0 for value in lexicon.NUMBER_WORDS.values())
    assert set(lexicon.MONTHS.values()) == {str(n) for n in range(1, 13)}


def test_every_language_has_words_that_no_other_has() -> None:
    for name, own in lexicon.LANGUAGES.items():
        others = frozenset().union(*(w for n, w in lexicon.LANGUAGES.items() if n != name))
        assert len(own - others) > 40, name
