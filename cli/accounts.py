"""`trimtab accounts`: who may log in to the workbench of a running service."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.table import Table

from trimtab.cli.console import AsJson, plain, print_json, results
from trimtab.cli.remote import HERE, Address, Service

app = typer.Typer(no_args_is_help=True, help="Who may log in to the workbench.")
Role = Literal["viewer", "merchandiser", "admin"]
Name = Annotated[str, typer.Argument(metavar="NAME", help="letters, digits, `_`, `.`, `-`")]


@app.command("list")
def list_(service: Address = HERE, as_json: AsJson = False) -> None:
    """Show all accounts and their roles."""
    found = Service(service).get("/accounts")
    if as_json:
        print_json(found)
        return
    table = Table("name", "role", box=None, padding=(0, 2))
    for name, account in found.items():
        table.add_row(plain(name), plain(account["role"]))
    results.print(table if found else "There is no account yet. Next: trimtab accounts set NAME --role merchandiser")


@app.command("set")
def set_(
    name: Name,
    role: Annotated[Role, typer.Option(help="what the account may do")],
    password: Annotated[str | None, typer.Option(help="asked for where left out")] = None,
    service: Address = HERE,
    as_json: AsJson = False,
) -> None:
    """Make an account, or give it another role and password; its sessions end."""
    if password is None:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    made = Service(service).put(f"/accounts/{name}", {"role": role, "password": password})
    if as_json:
        print_json({name: made})
    else:
        results.print(f"{name} may log in as {made['role']}: {service}/workbench/synonyms", soft_wrap=True)


@app.command()
def remove(name: Name, service: Address = HERE, as_json: AsJson = False) -> None:
    """End an account and its sessions."""
    Service(service).delete(f"/accounts/{name}")
    if as_json:
        print_json({"removed": name})
    else:
        results.print(f"{name} may no longer log in.")
