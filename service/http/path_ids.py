"""Ids in paths: any characters, also those that would end a part of a path or a line."""

from __future__ import annotations

from typing import Final

from starlette.convertors import PathConvertor, register_url_convertor


class _AnyId(PathConvertor):
    regex = "(?s:.*)"


register_url_convertor("id", _AnyId())

ITEM: Final = "/items/{item_id:id}"
USER: Final = "/users/{user_id:id}"
