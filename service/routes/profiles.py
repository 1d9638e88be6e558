"""Named profiles: read by all, changed by admins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from service.bodies import documented_body, read_object, reference, validated
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
        openapi_extra=documented_body(reference(Profile)),
        summary="Define a profile",
    )
    async def put_profile(name: Name, request: Request) -> Profile:
        """Every worker has it within a second."""
        profile = validated(Profile, await read_object(request, max_bytes=max_body_bytes))
        await profiles.put(name, profile, known_weights)
        return profile

    @router.delete(
        "/profiles/{name}",
        responses=documented(401, 403, 404, 422, 503),
        dependencies=[Depends(admin)],
        status_code=204,
        summary="Forget a profile",
    )
    async def delete_profile(name: Name) -> None:
        await profiles.delete(name)

    return router
