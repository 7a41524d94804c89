# Judges R: runs the tests here and the code elsewhere, and reports what it saw.
#
# Rule 1: a check counts when it began, and passes when it ended well; nothing else counts.
# Rule 2: nothing is equal to, or differs from, an answer that is empty where a value was due.
# Rule 3: no function of the code stands for one of R that compares, gathers or tells.
hg$seen <- 0L
hg$passed <- 0L
hg$failure <- ""
hg$warned <- list()

hg$fail <- function(words) if (!nzchar(hg$failure)) hg$failure <- substr(paste(words, collapse = " "), 1L, 600L)

hg$quoted <- function(text) {
  text <- enc2utf8(as.character(text))
  text <- gsub("\\", "\\\\", text, fixed = TRUE)
  text <- gsub("\"", "\\\"", text, fixed = TRUE)
  paste0("\"", gsub("[[:cntrl:]]", " ", text), "\"")
}

hg$report <- function(ending = NULL) {
  if (is.null(ending)) ending <-
    if (nzchar(hg$failure) || hg$seen != hg$passed) "failed" else if (hg$seen == 0L) "no_checks" else "passed"
  text <- sprintf("{\"ending\":\"%s\",\"seen\":%d,\"passed\":%d,\"failure\":%s}",
    ending, hg$seen, hg$passed, hg$quoted(hg$failure))
  hg$send("R", charToRaw(text))
  repeat Sys.sleep(60)
}

hg$unable <- function(words) {
  hg$failure <- words
  hg$report("untestable")
}

hg$ask <- function(target, args) {
  hg$send("C", hg$bytes(list(target = target, args = hg$pack(args))))
  repeat {
    it <- hg$receive()
    answer <- unserialize(it$body)
    if (it$kind == "V") return(hg$answered(answer))
    result <- tryCatch({
      if (!identical(answer[[1L]], "back")) stop("what was never lent")
      f <- hg$meet(structure(list("yours", answer[[2L]], "", ""), class = ".hg"))
      if (!is.function(f)) stop("what was never lent")
      list(well = TRUE, value = hg$pack(do.call(f, hg$unpack(answer[[3L]]), quote = TRUE)))
    }, error = function(e) list(well = FALSE, condition = hg$condition(e)))
    hg$send("A", hg$bytes(result))
  }
}

hg$answered <- function(answer) {
  if (!is.list(answer) || !is.logical(answer$well)) hg$unable("the code sent no answer")
  if (length(answer$said)) cat(as.character(answer$said), sep = "\n")
  for (it in answer$warned) {
    it <- hg$thrown(it)
    if (inherits(it, "message")) message(it) else warning(it)
  }
  if (!isTRUE(answer$well)) stop(hg$thrown(answer$condition))
  value <- hg$unpack(answer$value)
  if (isTRUE(answer$visible)) value else invisible(value)
}

# A condition of the code: its classes, unless they would steer the judge itself.
hg$thrown <- function(it) {
  kind <- setdiff(as.character(attr(it, "class")), c("hg_end", "hg_skip", "interrupt"))
  it <- lapply(unclass(it), hg$unpack)
  if (!is.character(it$message) || length(it$message) != 1L) it$message <- "an error without words"
  it$call <- NULL
  structure(c(it["message"], list(call = NULL), it[setdiff(names(it), c("message", "call"))]),
    class = unique(c(kind, "condition")))
}

hg$make <- function(kind, n, words, classes) {
  if (identical(kind, "function")) {
    it <- function(...) hg$ask(list("lent", n), list(...))
    attr(it, "hg_number") <- n
    return(it)
  }
  if (!identical(kind, "thing")) hg$unable("a value that is no data came of the code")
  it <- list()
  if ("refObjectGenerator" %in% classes) it <- function(...) hg$ask(list("get"), list(n, "new"))(...)
  structure(it, hg_number = n, class = unique(c(setdiff(classes, hg$plain), "hg_thing")))
}
hg$plain <- c("numeric", "integer", "double", "character", "logical", "factor", "data.frame", "Date",
  "POSIXct", "difftime", "list", "function", "table", "matrix", "array")

hg$got <- function(it, name) hg$ask(list("get"), list(attr(it, "hg_number"), name))
hg$slot <- function(it, name) if (inherits(it, "hg_thing")) hg$got(it, name) else methods::slot(it, name)

hg$things <- list(
  `$.hg_thing` = function(x, name) hg$got(x, name),
  `[[.hg_thing` = function(x, i, ...) hg$got(x, i),
  `$<-.hg_thing` = function(x, name, value) {
    hg$ask(list("set"), list(attr(x, "hg_number"), name, value))
    x
  },
  print.hg_thing = function(x, ...) invisible(hg$ask(list("show"), list(x))),
  Ops.hg_thing = function(e1, e2) stop("an object of the code was compared as if it were a value"),
  length.hg_thing = function(x) stop("an object of the code was measured as if it were a value")
)

# The words of tests.
hg$check <- function(ok, words) {
  if (isTRUE(ok)) hg$passed <- hg$passed + 1L else hg$fail(words)
  invisible(ok)
}
hg$begin_check <- function() hg$seen <- hg$seen + 1L
hg$shown <- function(x) substr(paste(tryCatch(deparse(x), error = function(e) "?"), collapse = " "), 1L, 120L)
hg$differ <- function(a, b) paste(hg$shown(a), "is not", hg$shown(b))
hg$alike <- function(a, b, ...) {
  if (inherits(a, "hg_thing") || inherits(b, "hg_thing")) return(identical(a, b))
  isTRUE(all.equal(a, b, ...))
}
hg$caught <- function(code, kind) {
  it <- NULL
  value <- withCallingHandlers(
    tryCatch(code(), error = function(e) { if (kind == "error") it <<- e else stop(e); NULL }),
    warning = function(w) if (kind == "warning") { it <<- w; invokeRestart("muffleWarning") },
    message = function(m) if (kind == "message") { it <<- m; invokeRestart("muffleMessage") })
  list(it = it, value = value)
}
hg$expects <- function(kind) {
  force(kind)
  function(object, regexp = NULL, class = NULL, ..., fixed = FALSE) {
    hg$begin_check()
    it <- hg$caught(function() object, kind)$it
    if (identical(regexp, NA)) return(hg$check(is.null(it), paste("an unexpected", kind)))
    ok <- !is.null(it) && (is.null(regexp) || any(grepl(regexp, conditionMessage(it), fixed = fixed))) &&
      (is.null(class) || inherits(it, class))
    hg$check(ok, if (is.null(it)) paste("no", kind) else paste(kind, conditionMessage(it)))
    invisible(it)
  }
}
hg$holds <- function(test, words) {
  force(test); force(words)
  function(object, expected, ...) {
    hg$begin_check()
    hg$check(test(object, expected, ...), if (missing(expected)) paste(hg$shown(object), words) else hg$differ(object, expected))
    invisible(object)
  }
}
hg$compared <- function(op) {
  op <- match.fun(op)
  function(object, expected) is.numeric(object) && length(object) == 1L && isTRUE(op(object, expected))
}

hg$whole <- function(op) {
  op <- match.fun(op)
  function(e1, e2) {
    if (missing(e2)) return(op(e1))
    if (inherits(e1, "hg_thing") || inherits(e2, "hg_thing")) stop("an object of the code was compared as if it were a value")
    if ((length(e1) == 0L) != (length(e2) == 0L)) stop("nothing was compared: one side is empty")
    if (is.object(e1) != is.object(e2)) for (it in list(e1, e2)) for (kind in class(it))
      if (is.object(it) && any(paste0(c("Ops", "+", "-", "*", "/", "^", "=="), ".", kind) %in% hg$names))
        stop("an operator of the code would be told a plain value of the test")
    op(e1, e2)
  }
}

hg$running <- function(body, where) {
  tryCatch(withCallingHandlers(body(),
    warning = function(w) invokeRestart("muffleWarning")),
    hg_skip = function(e) NULL,
    error = function(e) {
      hg$seen <- hg$seen + 1L
      hg$fail(paste0(where, ": ", conditionMessage(e)))
    })
  invisible(TRUE)
}

hg$words <- local({
  test_that <- it <- describe <- function(desc, code) hg$running(function() code, desc)
  context <- function(...) invisible(NULL)
  local_edition <- function(...) invisible(NULL)
  skip <- function(...)
    stop(structure(list(message = "skipped", call = NULL), class = c("hg_skip", "error", "condition")))
  skip_on_cran <- skip_if_not_installed <- function(...) invisible(NULL)
  expect_equal <- checkEquals <- hg$holds(function(a, b, ..., info, label) hg$alike(a, b, ...), "")
  expect_identical <- checkIdentical <- hg$holds(function(a, b, ...) identical(a, b), "")
  expect_equivalent <- hg$holds(function(a, b, ...) hg$alike(a, b, ..., check.attributes = FALSE), "")
  expect_setequal <- hg$holds(function(a, b, ...) (length(a) > 0L) == (length(b) > 0L) && setequal(a, b), "")
  expect_true <- checkTrue <- hg$holds(function(a, ...) isTRUE(as.vector(a)), "is not TRUE")
  expect_false <- hg$holds(function(a, ...) isFALSE(as.vector(a)), "is not FALSE")
  expect_null <- hg$holds(function(a, ...) is.null(a), "is not NULL")
  expect_length <- hg$holds(function(a, n) length(a) == n, "")
  expect_named <- hg$holds(function(a, names) if (missing(names)) !is.null(base::names(a)) else identical(base::names(a), names), "has other names")
  expect_type <- hg$holds(function(a, kind) typeof(a) == kind, "")
  expect_s3_class <- expect_is <- expect_s4_class <- hg$holds(function(a, kind) inherits(a, kind), "")
  expect_gt <- hg$holds(hg$compared(">"), "")
  expect_gte <- hg$holds(hg$compared(">="), "")
  expect_lt <- hg$holds(hg$compared("<"), "")
  expect_lte <- hg$holds(hg$compared("<="), "")
  expect_match <- hg$holds(function(a, pattern, ...) is.character(a) && length(a) > 0L && all(grepl(pattern, a, ...)), "")
  expect_no_match <- hg$holds(function(a, pattern, ...) is.character(a) && length(a) > 0L && !any(grepl(pattern, a, ...)), "")
  expect_in <- hg$holds(function(a, b) length(a) > 0L && all(a %in% b), "")
  expect_contains <- hg$holds(function(a, b) all(b %in% a), "")
  expect_error <- hg$expects("error")
  expect_warning <- hg$expects("warning")
  expect_message <- hg$expects("message")
  checkException <- function(expr, ...) expect_error(expr)
  expect_no_error <- expect_silent <- function(object, ...) {
    hg$begin_check()
    object
    hg$check(TRUE, "")
  }
  expect_output <- function(object, regexp = NULL, ..., fixed = FALSE) {
    hg$begin_check()
    text <- paste(utils::capture.output(object), collapse = "\n")
    hg$check(if (is.null(regexp)) nzchar(text) else grepl(regexp, text, fixed = fixed), paste("it printed", text))
  }
  fail <- function(message = "failed", ...) {
    hg$begin_check()
    hg$fail(message)
  }
  succeed <- function(...) invisible(NULL)
  stopifnot <- function(...) {
    exprs <- as.list(substitute(list(...)))[-1L]
    for (at in seq_along(exprs)) {
      hg$begin_check()
      value <- eval(exprs[[at]], parent.frame())
      if (!(is.logical(value) && length(value) > 0L && !anyNA(value) && base::all(value))) {
        words <- paste(deparse(exprs[[at]]), collapse = " ")
        hg$fail(paste(words, "does not hold"))
        stop(if (!is.null(names(exprs)) && nzchar(names(exprs)[at])) names(exprs)[at] else paste(words, "is not TRUE"), call. = FALSE)
      }
      hg$passed <- hg$passed + 1L
    }
    invisible(NULL)
  }
  all <- function(..., na.rm = FALSE) {
    if (sum(lengths(list(...))) == 0L) stop("nothing was compared: all() of nothing")
    base::all(..., na.rm = na.rm)
  }
  any <- function(..., na.rm = FALSE) {
    if (sum(lengths(list(...))) == 0L) stop("nothing was compared: any() of nothing")
    base::any(..., na.rm = na.rm)
  }
  quit <- q <- function(save = "no", status = 0, ...) {
    if (!identical(as.integer(status), 0L)) hg$fail(paste("the tests ended with", status))
    stop(structure(list(message = "ended", call = NULL), class = c("hg_end", "condition")))
  }
  library <- require <- suppressPackageStartupMessages <- function(package, ...) {
    name <- as.character(substitute(package))
    if (base::any(name %in% c("testthat", "RUnit", "tinytest"))) return(invisible(TRUE))
    if (length(name) == 1L && !requireNamespace(name, quietly = TRUE)) hg$unable(paste("the tests need the package", name))
    if (length(name) == 1L) base::library(name, character.only = TRUE)
    invisible(TRUE)
  }
  source <- function(file, ...) invisible(NULL)
  set.seed <- function(seed, ...) {
    hg$ask(list("seed"), list(seed))
    base::set.seed(seed, ...)
  }
  Sys.setenv <- function(...) {
    hg$ask(list("env"), list(...))
    base::Sys.setenv(...)
  }
  is <- function(object, class2) if (inherits(object, "hg_thing")) hg$ask(list("is"), list(object, class2)) else methods::is(object, class2)
  environment()
})
hg$words$new <- function(Class, ...)
  if (methods::isClass(Class)) methods::new(Class, ...) else hg$ask(list("new"), c(list(Class), list(...)))
for (op in c("==", "!=", "<", ">", "<=", ">=", "-", "/")) assign(op, hg$whole(op), hg$words)

# Tests that stop or quit by an `if` of their own: that is a check too.
hg$seen_if <- function(call) {
  if (is.call(call) && identical(call[[1L]], as.name("@")))
    return(as.call(list(quote(hg$slot), hg$seen_if(call[[2L]]), as.character(call[[3L]]))))
  if (is.call(call)) {
    ends <- identical(call[[1L]], as.name("if")) && length(call) == 3L && hg$stops(call[[3L]])
    for (at in seq_along(call)[-1L]) if (!identical(call[[at]], quote(expr = ))) if (is.call(call[[at]])) call[[at]] <- hg$seen_if(call[[at]])
    if (ends) return(bquote(if (hg$if_holds(.(call[[2L]]))) .(call[[3L]])))
  }
  call
}
hg$stops <- function(body) {
  if (is.call(body) && identical(body[[1L]], as.name("{")) && length(body) > 1L) body <- body[[length(body)]]
  is.call(body) && as.character(body[[1L]])[1L] %in% c("stop", "quit", "q", "fail")
}
hg$if_holds <- function(condition) {
  hg$seen <- hg$seen + 1L
  it <- isTRUE(as.vector(condition)) || is.na(condition)
  if (it) hg$fail("a condition that stops the tests") else hg$passed <- hg$passed + 1L
  it
}

hg$outermost <- function(call, env) {
  is_check <- is.call(call) && as.character(call[[1L]])[1L] %in% c("identical", "isTRUE", "all.equal", "all", "isFALSE", "==")
  if (!is_check) return(eval(hg$seen_if(call), env))
  hg$begin_check()
  hg$check(eval(call, env), paste(paste(deparse(call), collapse = " "), "does not hold"))
}

hg$lay <- function(given) {
  env <- new.env(parent = hg$words)
  guarded <- c(ls(baseenv(), all.names = TRUE), ls(hg$words, all.names = TRUE), "hg")
  deciding <- "^(Ops|Compare|==|!=|<|>|<=|>=|all[.]equal|identical|Summary)[.]|[.]hg_thing$"
  hg$names <- as.character(given$functions)
  for (name in hg$names) if (!(name %in% guarded) && !grepl(deciding, name)) local({
    called <- name
    it <- function(...) hg$ask(list("call", called), list(...))
    assign(called, it, hg$words)
  })
  for (name in names(given$values)) if (!(name %in% guarded)) assign(name, hg$unpack(given$values[[name]]), hg$words)
  for (name in names(hg$things)) registerS3method(sub("[.]hg_thing$", "", name), "hg_thing", hg$things[[name]], baseenv())
  env
}

hg$judge <- function() {
  hg$open()
  env <- hg$lay(unserialize(hg$receive()$body))
  text <- rawToChar(hg$receive()$body)
  Encoding(text) <- "UTF-8"
  code <- tryCatch(parse(text = text, keep.source = FALSE), error = function(e) hg$unable(conditionMessage(e)))
  called <- character()
  tryCatch(for (it in code) {
    if (is.call(it)) called <- c(called, as.character(it[[1L]])[1L])
    hg$outermost(it, env)
  }, hg_end = function(e) NULL, error = function(e) hg$fail(conditionMessage(e)))
  for (name in setdiff(ls(env, pattern = "^test[_.]?"), called)) {
    it <- get(name, env)
    if (is.function(it) && !length(formals(it))) hg$test(name, it)
  }
  hg$report()
}

hg$test <- function(name, it) {
  body(it) <- hg$seen_if(body(it))
  before <- hg$seen
  hg$running(function() {
    value <- it()
    if (isFALSE(value) || (hg$seen == before && isTRUE(value))) {
      hg$begin_check()
      hg$check(value, paste(name, "is FALSE"))
    }
  }, name)
}
