# Carries values between R tests and the code: data as it is, the rest by number.
#
# Rule 1: functions, environments and objects with slots stay where they are.
hg <- new.env()
hg$into <- NULL
hg$own <- list()
hg$met <- list()

hg$open <- function() {
  hg$from <- file("stdin", "rb")
  hg$into <- fifo("hg_out", "wb", blocking = TRUE)
}

hg$send <- function(kind, body) {
  writeBin(c(writeBin(length(body) + 1L, raw(), endian = "big"), charToRaw(kind), body), hg$into)
  flush(hg$into)
}

hg$receive <- function() {
  size <- readBin(hg$from, "integer", 1L, 4L, endian = "big")
  if (!length(size)) quit("no", 0L, FALSE)
  body <- readBin(hg$from, "raw", size)
  while (length(body) < size) {
    more <- readBin(hg$from, "raw", size - length(body))
    if (!length(more)) quit("no", 0L, FALSE)
    body <- c(body, more)
  }
  list(kind = rawToChar(body[1L]), body = body[-1L])
}

hg$bytes <- function(value) serialize(value, NULL, ascii = FALSE, xdr = TRUE, version = 2L)

hg$mark <- function(kind, x, words = "") {
  n <- length(hg$own) + 1L
  hg$own[[n]] <- list(x)
  structure(list(kind, n, words, as.character(class(x))), class = ".hg")
}

hg$pack <- function(x) {
  if (is.null(x)) return(NULL)
  n <- attr(x, "hg_number", exact = TRUE)
  if (!is.null(n)) return(structure(list("yours", n, "", ""), class = ".hg"))
  if (inherits(x, "refObjectGenerator")) return(hg$mark("thing", x))
  if (is.function(x)) return(hg$mark("function", x))
  if (is.environment(x) || isS4(x)) return(hg$mark("thing", x))
  if (is.language(x)) return(hg$mark("words", x, deparse(x)))
  if (is.list(x)) {
    held <- attributes(x)
    x <- lapply(as.list(unclass(x)), hg$pack)
    attributes(x) <- lapply(held, hg$pack)
    return(x)
  }
  if (!is.atomic(x)) return(hg$mark("thing", x))
  odd <- !vapply(attributes(x), is.atomic, NA)
  for (name in names(attributes(x))[odd]) attr(x, name) <- hg$pack(attr(x, name, exact = TRUE))
  x
}

hg$unpack <- function(x) {
  if (!is.list(x)) return(x)
  if (identical(attr(x, "class"), ".hg")) return(hg$meet(x))
  held <- attributes(x)
  x <- lapply(unclass(x), hg$unpack)
  attributes(x) <- lapply(held, hg$unpack)
  x
}

hg$meet <- function(x) {
  kind <- x[[1L]]
  n <- as.integer(x[[2L]])
  if (kind == "yours") {
    if (is.na(n) || n < 1L || n > length(hg$own)) stop("what was never lent")
    return(hg$own[[n]][[1L]])
  }
  key <- as.character(n)
  if (is.null(hg$met[[key]])) hg$met[[key]] <- hg$make(kind, n, x[[3L]], as.character(x[[4L]]))
  hg$met[[key]]
}

hg$condition <- function(e) {
  held <- unclass(e)
  held$call <- NULL
  structure(lapply(held, hg$pack), class = class(e))
}
