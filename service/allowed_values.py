"""What a value may be, as pydantic says it of one that is wrong: in problem documents and of settings."""

from __future__ import annotations

import re


def allowed_by(message: str) -> str:
    """What a message of pydantic allows, without the words before it."""
    return re.sub(
        r"^((Input|Value|String|List|Tuple) should (be |have )?|Value error, )", "", message.partition(", unable to")[0]
    )
