"""`python -m cli` is `trimtab`."""

from cli import main

main()
