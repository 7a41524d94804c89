"""Generated code, checked before it is trusted: the tools people use, run in the sandbox."""
