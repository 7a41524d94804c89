"""What a language says of itself is enough to run it, and to say what is missing."""

from __future__ import annotations

import pytest

from headgate.sandbox.catalogue import LANGUAGES
from headgate.sandbox.language import Language, Missing
from headgate.sandbox.model import Job, Runtime


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda it: it.name)
def test_a_plan_is_pure_and_ends_in_a_step_that_runs_the_code(language: Language) -> None:
    env = (("HEADGATE_TRANSPILER", "esbuild"),)
    runtime = Runtime(language.name, "1.0", "program", env=env, program="/bin/true")
    job = Job(language.name, "1\n", args=("--top",))
    order = language.plan(runtime, job)
    assert order == language.plan(runtime, job)
    assert order.steps
    assert not order.steps[-1].is_build
    assert all(step.is_build for step in order.steps[:-1])
    assert order.files


def test_what_is_missing_has_a_remedy_and_may_be_beyond_us_to_install() -> None:
    assert Missing("no go on PATH", "apt-get install golang").package == ""
