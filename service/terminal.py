"""What `trimtab serve` says on a terminal: what it loads, where it serves, and whether its log can be replayed."""

from __future__ import annotations

import sys

from trimtab.service.settings import Settings


def say_loading(settings: Settings) -> None:
    """The bundle that is loaded, said before anything that takes time."""
    _say(f"trimtab: loading the bundle {settings.bundle}, a moment please")


def say_serving(settings: Settings) -> None:
    """The addresses, said once a request is answered."""
    shown = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104  (a comparison)
    host = f"[{shown}]" if ":" in shown else shown
    address = f"http://{host}:{settings.port}"
    admins = f"http://{host}:{settings.admin_port or settings.port}"
    _say(
        f"trimtab: serving {settings.bundle}, stop with Ctrl-C",
        f"  playground  {address}/",
        f"  API         {address}/docs",
        f"  metrics     {admins}/metrics",
        f"  log         {exploration_notice(settings)}",
    )


def exploration_notice(settings: Settings) -> str:
    """Whether the searches that will be logged can be replayed under other weights, and how to have that."""
    share, loss = settings.effective_exploration_ratio, settings.exploration_max_relevance_loss_ratio
    if share == 0:
        return "no search explores: `trimtab replay` is never sure of this log; --explore 1% would change that"
    cost = "at the bundle's temperature, whatever it costs" if loss is None else f"for {loss:.2%} of expected relevance"
    return f"{share:.0%} of the sessions explore, {cost}: `trimtab replay` can use what is logged of them"


def _say(*lines: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\n".join(lines) + "\n")
