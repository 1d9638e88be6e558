"""The `trimtab` command: subcommands, the tables and plots they print, and how they show progress."""

from trimtab.cli.commands import app, main

__all__ = ["app", "main"]
