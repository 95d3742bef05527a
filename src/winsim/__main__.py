"""`python -m winsim`."""

from winsim.cli import main

main()
