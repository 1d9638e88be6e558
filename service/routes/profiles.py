"""Named profiles: read by all, changed by admins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from service.problems import documented
from service.profiles import Profile, Profiles

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="letters, digits, `_`, `.`, `-`")]


def profiles_router(
    profiles: Profiles, *, known_weights: Sequence[str], admin: Callable[[Request], None], max_body_bytes: int
) -> APIRouter:
    router = APIRouter(tags=["profiles"])

    @router.get("/profiles", summary="All profiles")
    async def all_profiles() -> dict[str, Profile]:
        """`default`, if it is there, serves requests that name neither weights nor a profile."""
        return dict(profiles.all())

    @router.put(
        "/profiles/{name}",
        responses=documented(401, 403, 413, 422, 503),
        dependencies=[Depends(admin)],
        max_body_size=max_body_bytes,
        summary="Define a profile",
    )
    def put_profile(name: Name, profile: Profile) -> Profile:
        profiles.put(name, profile, known_weights)
        return profile

    @router.delete(
        "/profiles/{name}",
        responses=documented(401, 403, 404, 503),
        dependencies=[Depends(admin)],
        status_code=204,
        summary="Forget a profile",
    )
    def delete_profile(name: Name) -> None:
        profiles.delete(name)

    return router
