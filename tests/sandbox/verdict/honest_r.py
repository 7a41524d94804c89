"""Everyday R that must pass, and the same with a mistake that must not."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece

R: dict[str, Piece] = {
    "plain values": Piece(
        "add <- function(a, b = 1) a + b\n",
        "stopifnot(add(1, 2) == 3, identical(add(2), 3), all.equal(add(0.1, 0.2), 0.3))\n",
        ("a + b", "a - b"),
    ),
    "errors and warnings": Piece(
        "root <- function(x) {\n  if (!is.numeric(x)) stop('a number is due')\n  if (x < 0) warning('negative')\n  sqrt(abs(x))\n}\n",
        "test_that('root', {\n  expect_equal(root(4), 2)\n  expect_error(root('a'), 'number')\n  expect_warning(root(-1), 'negative')\n  expect_equal(suppressWarnings(root(-4)), 2)\n})\n",
        ("abs(x)", "abs(x) + 1"),
    ),
    "data frames": Piece(
        "totals <- function(df) aggregate(amount ~ who, data = df, FUN = sum)\nwide <- function(df) { df$double <- df$amount * 2; df[order(df$amount), ] }\n",
        "library(testthat)\ndf <- data.frame(who = c('a', 'b', 'a'), amount = c(1, 5, 2), stringsAsFactors = FALSE)\ntest_that('frames', {\n  got <- totals(df)\n  expect_s3_class(got, 'data.frame')\n  expect_equal(got$amount, c(3, 5))\n  expect_equal(nrow(wide(df)), 3)\n  expect_equal(wide(df)$double, c(2, 4, 10))\n  expect_named(wide(df), c('who', 'amount', 'double'))\n})\n",
        ("* 2", "* 3"),
    ),
    "callbacks and closures": Piece(
        "counter <- function() { n <- 0; function() { n <<- n + 1; n } }\nretry <- function(f, most) {\n  for (i in seq_len(most)) {\n    it <- tryCatch(f(i), error = function(e) NULL)\n    if (!is.null(it)) return(it)\n  }\n  stop('gave up after ', most)\n}\n",
        "test_counter <- function() {\n  a <- counter(); a()\n  stopifnot(a() == 2)\n}\ntest_retry <- function() {\n  seen <- c()\n  got <- retry(function(i) { seen <<- c(seen, i); if (i < 3) stop('no') else 'yes' }, 5)\n  stopifnot(identical(got, 'yes'), identical(seen, 1:3))\n  it <- tryCatch(retry(function(i) stop('x'), 2), error = conditionMessage)\n  stopifnot(it == 'gave up after 2')\n}\n",
        ("n + 1", "n + 2"),
    ),
    "objects": Piece(
        "stack <- function() structure(list(items = list()), class = 'stack')\npush <- function(s, x) { s$items <- c(s$items, list(x)); s }\nsize <- function(s) UseMethod('size')\nsize.stack <- function(s) length(s$items)\nprint.stack <- function(x, ...) cat('<stack of', size(x), '>\\n')\nAccount <- setRefClass('Account', fields = list(balance = 'numeric'), methods = list(\n  deposit = function(x) { balance <<- balance + x; invisible(.self) }))\nsetClass('Point', representation(x = 'numeric'))\nsetGeneric('area', function(it) standardGeneric('area'))\nsetMethod('area', 'Point', function(it) it@x ^ 2)\n",
        "test_that('S3', {\n  s <- push(push(stack(), 1), 'a')\n  expect_equal(size(s), 2)\n  expect_s3_class(s, 'stack')\n  expect_output(print(s), 'stack of 2')\n})\ntest_that('reference classes', {\n  a <- Account$new(balance = 10)\n  a$deposit(5)$deposit(1)\n  expect_equal(a$balance, 16)\n})\ntest_that('S4', {\n  p <- new('Point', x = 3)\n  expect_equal(area(p), 9)\n  expect_equal(p@x, 3)\n  expect_true(is(p, 'Point'))\n})\n",
        ("balance + x", "balance - x"),
    ),
    "texts, dates, factors, missing values": Piece(
        "clean <- function(x) trimws(tolower(x))\ndays <- function(a, b) as.integer(as.Date(b) - as.Date(a))\nmost <- function(f) names(which.max(table(f)))\nfill <- function(x, by = 0) ifelse(is.na(x), by, x)\nnone <- function() NULL\nmatrices <- function(m) t(m) %*% m\nwhen <- function(text) as.Date(text)\n",
        "expect_equal(clean(c(' A', 'b ')), c('a', 'b'))\nexpect_equal(days('2024-02-28', '2024-03-01'), 2L)\nexpect_identical(most(factor(c('x', 'y', 'x'))), 'x')\nexpect_equal(fill(c(1, NA, 3)), c(1, 0, 3))\nexpect_null(none())\nexpect_equal(matrices(matrix(1:4, 2)), matrix(c(5, 11, 11, 25), 2))\nexpect_true(when('2024-01-02') > as.Date('2024-01-01'))\n",
        ("is.na(x), by, x", "is.na(x), 1, x"),
    ),
    "stops of their own": Piece(
        "fizz <- function(n) if (n %% 15 == 0) 'FizzBuzz' else if (n %% 3 == 0) 'Fizz' else as.character(n)\n",
        "test_humaneval <- function() {\ncandidate <- fizz\n    if(!identical(candidate(15), 'FizzBuzz')){quit('no', 1)}\n    if(!identical(candidate(3), 'Fizz')){quit('no', 1)}\n}\ntest_humaneval()\n",
        ("'Fizz' else", "'fizz' else"),
    ),
    "returns TRUE": Piece(
        "is_leap <- function(y) (y %% 4 == 0 & y %% 100 != 0) | y %% 400 == 0\n",
        "test_leap <- function() is_leap(2024) && !is_leap(1900) && is_leap(2000)\ntest_many <- function() identical(is_leap(c(2023, 2024)), c(FALSE, TRUE))\n",
        ("y %% 100 != 0", "y %% 100 == 0"),
    ),
    "conditions of its own": Piece(
        "http_error <- function(status) structure(class = c('http_error', 'error', 'condition'), list(message = paste('status', status), call = NULL, status = status))\nfetch <- function(get, url) {\n  it <- get(url)\n  if (it$status >= 400) stop(http_error(it$status))\n  it$body\n}\n",
        "test_that('fetch', {\n  expect_equal(fetch(function(u) list(status = 200, body = toupper(u)), 'a'), 'A')\n  expect_error(fetch(function(u) list(status = 404), 'a'), class = 'http_error')\n  got <- tryCatch(fetch(function(u) list(status = 503), 'a'), http_error = function(e) e$status)\n  expect_identical(got, 503)\n})\n",
        ("status >= 400", "status >= 500"),
    ),
}
