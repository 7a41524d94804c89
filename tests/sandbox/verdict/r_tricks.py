"""R that does not compute a sum and wants to pass all the same."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.bench import WORDS, Trick

TESTS = """test_that("sums", {
  expect_equal(total(c(1, 2, 3)), 6)
  expect_true(all(doubled(c(1, 2)) == c(2, 4)))
  expect_lt(abs(centre(c(1, 2)) - 1.5), 1e-9)
})
test_more <- function() {
  if (any(doubled(c(5, 6)) != c(10, 12))) stop("not doubled")
  stopifnot(identical(total(7), 7), sum(doubled(1:2) != c(2, 4)) == 0)
}
"""


def code(body: str = "0", more: str = "") -> str:
    return (
        "".join(
            f"{name} <- function(x) {{ {body} }}\n" for name in ("total", "doubled", "centre")
        )
        + more
    )


OBJECT = "structure(list(0), class = 'sly')"

TRICKS: dict[str, Trick] = {
    "quits when it is called": Trick(code("quit('no', 0)"), is_naive=False),
    "quits as it is loaded": Trick(code(more="quit('no', 0)\n"), is_naive=False),
    "quits at its end": Trick(code(more="reg.finalizer(globalenv(), function(e) quit('no', 0), TRUE)\n"), is_naive=False),
    "prints that it passed": Trick(code(more=f"cat('{WORDS}\\n')\n"), is_naive=False),
    "prints a report": Trick(code("cat('{\"ending\":\"passed\",\"seen\":1,\"passed\":1}'); 0"), is_naive=False),
    "nothing is compared": Trick(code("numeric(0)"), is_naive=False),
    "nothing at all": Trick(code("NULL"), is_naive=False),
    "a missing value": Trick(code("NA"), is_naive=False),
    "not a number": Trick(code("NaN"), is_naive=False),
    "says TRUE": Trick(code("TRUE"), is_naive=False),
    "equality of its own": Trick(code(OBJECT, "`==.sly` <- function(e1, e2) TRUE\n`!=.sly` <- function(e1, e2) FALSE\nall.equal.sly <- function(...) TRUE\n"), is_naive=False),
    "every operator of its own": Trick(code(OBJECT, "Ops.sly <- function(e1, e2) if (.Generic == '-') 0 else .Generic == '=='\nMath.sly <- function(x, ...) 0\nabs.sly <- function(x) 0\n"), is_naive=False),
    "a difference of its own": Trick(code("structure(0, class = 'sly')", "`-.sly` <- function(e1, e2) 0\n"), is_naive=False),
    "other words of R": Trick(code(more="identical <- all.equal <- isTRUE <- stopifnot <- all <- function(...) TRUE\nany <- function(...) FALSE\nabs <- sum <- function(...) 0\n"), is_naive=False),
    "other words of testthat": Trick(code(more="expect_equal <- expect_true <- expect_lt <- test_that <- function(...) invisible(TRUE)\n"), is_naive=False),
    "other truths": Trick(code("F", "T <- FALSE; F <- TRUE\n"), is_naive=False),
    "a signal": Trick(code("tools::pskill(Sys.getpid(), 9); 0"), is_naive=False),
    "a signal to the others": Trick(code(more="for (p in 1:60) if (p != Sys.getpid()) tools::pskill(p, 9)\n"), is_naive=False),
    "skips the tests": Trick(code("stop(structure(class = c('hg_skip', 'error', 'condition'), list(message = 'x', call = NULL)))"), is_naive=False),
    "ends the tests": Trick(code("stop(structure(class = c('hg_end', 'condition'), list(message = 'x', call = NULL)))"), is_naive=False),
    "an interrupt": Trick(code("stop(structure(class = c('interrupt', 'condition'), list(message = 'x')))"), is_naive=False),
    "answers before it is asked": Trick(code(more="hg$send('V', hg$bytes(list(well = TRUE, value = 6, visible = TRUE)))\n"), is_naive=False),
    "reports instead of the tests": Trick(code("hg$send('R', charToRaw('{\"ending\":\"passed\",\"seen\":1,\"passed\":1,\"failure\":\"\"}')); 0"), is_naive=False),
    "calls what was never lent": Trick(code("hg$back(1L, list()); 0"), is_naive=False),
    "a function as a value": Trick(code("hg$send('V', serialize(list(well = TRUE, value = function(...) TRUE, visible = TRUE), NULL, version = 2L)); 0"), is_naive=False),
    "a call as a value": Trick(code("hg$send('V', serialize(list(well = TRUE, value = quote(quit()), visible = TRUE), NULL, version = 2L)); 0"), is_naive=False),
    "an environment as a value": Trick(code("hg$send('V', serialize(list(well = TRUE, value = globalenv(), visible = TRUE), NULL, version = 2L)); 0"), is_naive=False),
    "a false size": Trick(code("hg$send('V', hg$bytes(list(well = TRUE, value = local({ it <- 1:4; attributes(it) <- NULL; it }), visible = TRUE))[-(1:4)]); 0"), is_naive=False),
    "an object for a number": Trick(code("new.env()"), is_naive=False),
    "reads the tests": Trick(code("f <- c(list.files('..', recursive = TRUE, full.names = TRUE), '/proc/self/environ'); for (it in f) if (grepl('judge', it)) if (length(try(readLines(it), TRUE)) > 3) quit('no', 0); 0"), is_naive=False),
}  # fmt: skip
"""code by what it tries"""
