"""R: parsed whole before its first line runs; errors name file and line, plots are kept."""

from __future__ import annotations

import os
from collections.abc import Sequence

from headgate.sandbox import source, toolchains
from headgate.sandbox.language import Language, Missing
from headgate.sandbox.model import File, Job, Order, Runtime, Step

MISSING = Missing("R is missing", "apt-get install r-base-core")

HOMES = ("R_HOME", "R_SHARE_DIR", "R_INCLUDE_DIR", "R_DOC_DIR", "R_ARCH", "LD_LIBRARY_PATH")
ASKED = f"""cat(as.character(getRversion()), Sys.getenv(c({", ".join(map(repr, HOMES))})),
 sep = '\\n')"""
"""R's own start is a shell script that sets these; without it a run is 40 ms shorter"""

PARSE = "invisible(parse(commandArgs(TRUE)[1], keep.source = FALSE, encoding = 'UTF-8'))"
RUN = """local({
  options(device = function(...) grDevices::png(
    file.path(Sys.getenv("OUTPUT_DIR", "."), "plot%03d.png"), ...))
  attach(list(sys.nframe = function() sys.parent()), name = "run", warn.conflicts = FALSE)
  withCallingHandlers(
    source("FILE", globalenv(), print.eval = TRUE, keep.source = TRUE, encoding = "UTF-8"),
    error = function(it) for (call in rev(sys.calls()))
      if (!is.null(at <- attr(call, "srcref"))) {
        cat(attr(at, "srcfile")$filename, ":", at[1], ": ", sep = "", file = stderr())
        break
      })
})"""
"""scripts ask by `sys.nframe() == 0` whether they are the outermost: called from this, too"""


def find() -> Runtime | Missing:
    rscript = toolchains.located("Rscript")
    said = toolchains.answer(rscript, "--vanilla", "-e", ASKED).split("\n")
    if len(said) < 2:
        return MISSING
    env = dict(zip(HOMES, said[1:], strict=False))
    home, architecture = env["R_HOME"], filter(None, [env.get("R_ARCH", "").strip("/")])
    return Runtime(
        "r",
        said[0],
        "program",
        program=os.path.join(home, "bin", "exec", *architecture, "R"),
        trees=toolchains.trees(home, "/etc/R", "/etc/fonts"),
        env=(
            *((name, value) for name, value in env.items() if value),
            ("LANG", "C.UTF-8"),
            toolchains.search_path(rscript),
        ),
    )


def plan(runtime: Runtime, job: Job) -> Order:
    name = source.free_name(job, "main.R")
    code = source.encoded(job.code.removeprefix(source.BOM))
    start = (runtime.program, "--vanilla", "--no-echo")
    return Order(
        runtime,
        (
            Step(
                "build",
                (*start, "-e", PARSE, "--args", name),
                env=(("R_DEFAULT_PACKAGES", "NULL"),),
                is_build=True,
            ),
            Step("run", (*start, "-e", RUN.replace("FILE", name), "--args", *job.args)),
        ),
        (*job.files, File(name, code)),
        job.limits,
        job.stdin,
    )


def packages(runtime: Runtime) -> Sequence[tuple[str, str]]:
    asked = "it <- installed.packages(); cat(paste(it[, 1], it[, 3]), sep = '\\n')"
    said = toolchains.answer(
        runtime.program, "--vanilla", "--no-echo", "-e", asked, env=dict(runtime.env)
    )
    lines = (line.partition(" ") for line in said.splitlines())
    return sorted((name, version) for name, _, version in lines)


LANGUAGE = Language("r", ("rscript", "rlang"), (".r", ".R"), find, plan, packages)
