"""What every worker does with which bundle, as one value: kept in Redis, changed by one person at a time.

Steps: a bundle is loaded (checked, then into each worker, unseen); then it may be active, have the canary's share, or
be searched in the shadow of what is shown. `rollback` ends a canary, or else serves what served before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trimtab.core.errors import Conflict

MAX_LOADED = 4
"""Bundles in the memory of each worker."""

BundleName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$")]


class BundleShare(BaseModel):
    """A loaded bundle and the share of the traffic it has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bundle: BundleName
    share: float = Field(gt=0, le=1)


class Plan(BaseModel):
    """The loaded bundles and their roles."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    loaded: Mapping[BundleName, str] = Field(description="Name to bundle id: a folder that changes is another bundle.")
    active: BundleName
    previous: BundleName | None = None
    canary: BundleShare | None = Field(default=None, description="Answers a share of the sessions or users.")
    shadow: BundleShare | None = Field(
        default=None, description="Searched beside a share of answers, logged, not shown."
    )

    builder: int = Field(default=0, description="Token of the lease of the latest machine that rebuilds; 0 for none.")

    def roles(self, name: str) -> tuple[str, ...]:
        """The roles of a bundle."""
        named = {
            "active": self.active,
            "previous": self.previous,
            "canary": self.canary and self.canary.bundle,
            "shadow": self.shadow and self.shadow.bundle,
        }
        return tuple(role for role, bundle in named.items() if bundle == name)

    def load(self, name: str, bundle_id: str) -> Plan:
        """The plan with one bundle more in the memory of every worker.

        Raises:
            Conflict: as many are loaded as may be, or the one of that name is in use.
        """
        if self.loaded.get(name, bundle_id) != bundle_id and set(self.roles(name)) - {"previous"}:
            raise Conflict(f"bundle {name!r} is in use as it was; give the new one another name")
        if name not in self.loaded and len(self.loaded) >= MAX_LOADED:
            raise Conflict(
                f"{MAX_LOADED} bundles are loaded, as many as may be: unload one of {', '.join(self.loaded)}"
            )
        return self._with(loaded={**self.loaded, name: bundle_id})

    def unload(self, name: str) -> Plan:
        """The plan without a bundle.

        Raises:
            Conflict: it is active, canary or shadow, or not loaded.
        """
        self._require_loaded(name)
        used = [role for role in self.roles(name) if role != "previous"]
        if used:
            raise Conflict(f"bundle {name!r} is {used[0]}: end that first")
        loaded = {one: bundle_id for one, bundle_id in self.loaded.items() if one != name}
        return self._with(loaded=loaded, previous=None if self.previous == name else self.previous)

    def activate(self, name: str) -> Plan:
        """The plan in which a loaded bundle answers, and the one that answered before is kept.

        Raises:
            Conflict: it is not loaded, or is active already.
        """
        self._require_loaded(name)
        if name == self.active:
            raise Conflict(f"bundle {name!r} is active already")
        return self._with(
            active=name,
            previous=self.active,
            canary=self.canary if self.canary and self.canary.bundle != name else None,
            shadow=self.shadow if self.shadow and self.shadow.bundle != name else None,
        )

    def start_canary(self, name: str, share: float) -> Plan:
        """The plan in which a loaded bundle answers a share of the units.

        Raises:
            Conflict: it is not loaded, or is active.
        """
        self._require_loaded(name)
        if name == self.active:
            raise Conflict(f"bundle {name!r} is active: it answers everything else already")
        return self._with(canary=BundleShare(bundle=name, share=share))

    def start_shadow(self, name: str, share: float) -> Plan:
        """The plan in which a loaded bundle is searched beside a share of the answers.

        Raises:
            Conflict: it is not loaded.
        """
        self._require_loaded(name)
        return self._with(shadow=BundleShare(bundle=name, share=share))

    def end(self, role: str, name: str) -> Plan:
        """The plan without its `canary` or `shadow`.

        Raises:
            Conflict: the bundle is not that.
        """
        if role not in self.roles(name):
            raise Conflict(f"bundle {name!r} is not the {role}")
        return self._with(**{role: None})

    def fence(self, token: int) -> Plan:
        """The plan in which nobody with an older lease activates what it has rebuilt.

        Raises:
            Conflict: another machine has a later lease.
        """
        if token < self.builder:
            raise Conflict("another machine rebuilds the bundle by now")
        return self._with(builder=token)

    def rollback(self) -> Plan:
        """The plan without its canary, or else with the bundle that was active before.

        Raises:
            Conflict: there is nothing to undo.
        """
        if self.canary is not None:
            return self._with(canary=None)
        if self.previous is None:
            raise Conflict("there is nothing to roll back: no canary, and no bundle that served before")
        return self._with(active=self.previous, previous=None)

    def _require_loaded(self, name: str) -> None:
        if name not in self.loaded:
            raise Conflict(f"bundle {name!r} is not loaded: POST /bundles/{name}/load first")

    def _with(self, **changes: object) -> Plan:
        return self.model_copy(update=changes)
