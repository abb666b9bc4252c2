"""``python -m genloss``."""

from genloss.cli import main

main()
