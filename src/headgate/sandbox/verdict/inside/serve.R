# Serves the code under test: called by value from another process.
#
# Rule 1: whatever happens here, only values come of it: the test decides elsewhere.
hg$make <- function(kind, n, words, classes) {
  if (kind == "words") {
    it <- parse(text = words, keep.source = FALSE)[[1L]]
    return(if (inherits(it, "formula") || identical(it[[1L]], as.name("~"))) eval(it, globalenv()) else it)
  }
  it <- function(...) hg$back(n, list(...))
  attr(it, "hg_number") <- n
  it
}

hg$back <- function(n, args) {
  hg$send("B", hg$bytes(list("back", n, hg$pack(args))))
  repeat {
    it <- hg$receive()
    if (it$kind == "A") {
      answer <- unserialize(it$body)
      if (!answer$well) stop(hg$unpack(answer$condition))
      return(hg$unpack(answer$value))
    }
    hg$serve(it)
  }
}

hg$found <- function(target) {
  switch(target[[1L]],
    call = get(target[[2L]], globalenv(), mode = "function"),
    lent = hg$own[[target[[2L]]]][[1L]],
    get = function(n, name) {
      it <- hg$own[[n]][[1L]]
      if (isS4(it) && !is.environment(it) && !is.function(it)) slot(it, name)
      else if (is.environment(it) || is.function(it)) eval(call("$", it, as.name(name)))
      else it[[name]]
    },
    set = function(n, name, value) {
      it <- hg$own[[n]][[1L]]
      if (isS4(it) && !is.environment(it)) {
        slot(it, name) <- value
        return(it)
      }
      assign(name, value, envir = it)
    },
    new = methods::new,
    is = function(it, kind) methods::is(it, kind),
    show = function(it) print(it),
    seed = set.seed,
    env = Sys.setenv
  )
}

hg$serve <- function(it) {
  asked <- unserialize(it$body)
  warned <- list()
  said <- character()
  depth <- sink.number()
  place <- textConnection("said", "w", local = TRUE)
  sink(place)
  answer <- tryCatch(withCallingHandlers({
    it <- withVisible(do.call(hg$found(asked$target), hg$unpack(asked$args), quote = TRUE, envir = globalenv()))
    list(well = TRUE, value = hg$pack(it$value), visible = it$visible)
  }, warning = function(w) {
    warned[[length(warned) + 1L]] <<- hg$condition(w)
    invokeRestart("muffleWarning")
  }, message = function(m) {
    warned[[length(warned) + 1L]] <<- hg$condition(m)
    invokeRestart("muffleMessage")
  }), error = function(e) list(well = FALSE, condition = hg$condition(e)))
  while (sink.number() > depth) sink()
  close(place)
  answer$warned <- warned
  answer$said <- said
  hg$send("V", hg$bytes(answer))
}

hg$begin <- function(files) {
  hg$open()
  for (name in files) {
    code <- tryCatch(parse(name, keep.source = FALSE, encoding = "UTF-8"), error = function(e) {
      hg$send("X", charToRaw(conditionMessage(e)))
      quit("no", 0L, FALSE)
    })
    tryCatch(for (it in code) eval(it, globalenv()), error = function(e) {
      hg$send("X", charToRaw(paste("the code fails as it is loaded:", conditionMessage(e))))
      quit("no", 0L, FALSE)
    })
  }
  names <- setdiff(ls(globalenv(), all.names = TRUE), c("hg", ".Random.seed"))
  is <- vapply(names, function(it) {
    it <- get(it, globalenv())
    is.function(it) && !inherits(it, "refObjectGenerator")
  }, NA)
  values <- lapply(mget(names[!is], envir = globalenv()), hg$pack)
  hg$send("V", hg$bytes(list(functions = names[is], values = values)))
  repeat hg$serve(hg$receive())
}
