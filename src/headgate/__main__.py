"""python -m headgate: the command line, for where its script is not on the path."""

from headgate.cli import main

main()
