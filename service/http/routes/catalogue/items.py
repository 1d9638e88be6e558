"""/items: the catalogue, changed while it serves."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, FailFast, Field, create_model

from trimtab.catalog.schema import COLUMNS, MAX_ID_BYTES, Kind
from trimtab.core.errors import BadParameter
from trimtab.service.bundles.serving import Bundles
from trimtab.service.catalogue.live_catalogue import LiveCatalogue
from trimtab.service.http.auth import AccessControl
from trimtab.service.http.bodies import documented_body, read_object, reference, validated
from trimtab.service.http.path_ids import ITEM
from trimtab.service.http.problem_documents import documented

MAX_BATCH = 1000
TYPES: dict[Kind, Any] = {"text": str, "price": float | None, "flag": bool, "amount": float, "share": float}

ItemId = Annotated[str, Path(min_length=1, max_length=MAX_ID_BYTES)]
_FIELDS: dict[str, Any] = {
    name: (TYPES[column.kind], Field(description=column.meaning)) for name, column in COLUMNS.items()
}
WholeItem = create_model(
    "Item",
    __doc__="An item with all its columns; the shop's own attributes are `attr_NAME`.",
    __config__=ConfigDict(extra="allow"),
    **_FIELDS,
)


class Ids(BaseModel):
    """Items to delete."""

    model_config = ConfigDict(extra="forbid")

    item_ids: Annotated[list[Annotated[str, Field(min_length=1)]], FailFast()] = Field(
        min_length=1, max_length=MAX_BATCH
    )


class Changed(BaseModel):
    """The change is on the disk, and searches see it."""

    version: int = Field(description="Of the catalogue after the change; decisions are logged with it.")
    items: int = Field(description="How many were sent.")


def item_schema() -> dict[str, Any]:
    """What may be sent: a cell may be anything that a catalogue file may have there, too."""
    properties = {name: {"description": column.meaning} for name, column in COLUMNS.items()}
    return {
        "type": "object",
        "description": "Attributes are named as they are or as `attr_NAME`, a member of an object in one by its path.",
        "properties": {**properties, "item_id": {"type": "string", "description": COLUMNS["item_id"].meaning}},
        "required": ["item_id"],
        "example": {"item_id": "1029743", "price": 3.49, "in_stock": True},
    }


def batch_schema() -> dict[str, Any]:
    items = {"type": "array", "items": item_schema(), "minItems": 1, "maxItems": MAX_BATCH}
    return {"type": "object", "properties": {"items": items}, "required": ["items"]}


def items_router(
    catalogue: LiveCatalogue, bundles: Bundles, access: AccessControl, *, max_body_bytes: int
) -> APIRouter:
    router = APIRouter(tags=["items"])

    @router.get(
        ITEM,
        responses=documented(401, 403, 404, 422, 429),
        response_model=WholeItem,
        summary="An item as it is now",
    )
    async def item(item_id: ItemId, request: Request) -> dict[str, Any]:
        access.check(request, "search")
        return catalogue.item(bundles.serving, item_id)

    @router.put(
        "/items",
        responses=documented(401, 403, 413, 422, 429, 503),
        openapi_extra=documented_body({"anyOf": [item_schema(), batch_schema()]}),
        summary="Create or change items",
    )
    async def put(request: Request) -> Changed:
        """One item, or `{"items": [...]}`: all are taken or none. Columns that are not given stay as they are; null is
        what an empty cell is in a catalogue file. Answered when the change is on the disk and searches see it."""
        access.check_feeding(request)
        items = _items_of(await read_object(request, max_bytes=max_body_bytes))
        return Changed(version=await catalogue.put(bundles.serving, items), items=len(items))

    @router.patch(
        "/items",
        responses=documented(401, 403, 413, 422, 429, 503),
        openapi_extra=documented_body({"anyOf": [item_schema(), batch_schema()]}),
        summary="Change items",
    )
    async def patch(request: Request) -> Changed:
        """The same as `PUT`: what is not given stays as it is."""
        return await put(request)

    @router.delete(
        ITEM,
        responses=documented(401, 403, 404, 422, 429, 503),
        summary="Delete an item",
    )
    async def delete(item_id: ItemId, request: Request) -> Changed:
        access.check_feeding(request)
        return Changed(version=await catalogue.delete(bundles.serving, [item_id]), items=1)

    @router.post(
        "/items/delete",
        responses=documented(401, 403, 404, 413, 422, 429, 503),
        openapi_extra=documented_body(reference(Ids)),
        summary="Delete items",
    )
    async def delete_all(request: Request) -> Changed:
        """Deletes all of them or none."""
        access.check_feeding(request)
        item_ids = list(dict.fromkeys(validated(Ids, await read_object(request, max_bytes=max_body_bytes)).item_ids))
        return Changed(version=await catalogue.delete(bundles.serving, item_ids), items=len(item_ids))

    return router


def _items_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    if "items" not in body:
        return [body]
    items = body["items"]
    if set(body) != {"items"} or not isinstance(items, list) or not 1 <= len(items) <= MAX_BATCH:
        raise BadParameter("items", "is not a list of items, or the body has other fields", f"1 to {MAX_BATCH} objects")
    for position, one in enumerate(items):
        if not isinstance(one, dict):
            raise BadParameter(
                f"items[{position}]", "is not an object", 'an object such as {"item_id": "7", "price": 3.99}'
            )
    return items
