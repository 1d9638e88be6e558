"""txtai's hybrid index behind its own server: `python txtai_hybrid.py FOLDER PORT`.

The settings are those of its documentation for hybrid search with content; vectors are its external ones.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import uvicorn

folder = Path(sys.argv[1])
with (folder / "items.jsonl").open() as file:
    items = list(map(json.loads, file))
index = Path(tempfile.mkdtemp())
settings = {"method": "external", "transform": "static_encoder.encode", "hybrid": True, "content": True}
(index / "api.yml").write_text(json.dumps({"path": str(index / "items"), "embeddings": settings}))
os.environ |= {"CONFIG": str(index / "api.yml"), "ALLOW_RESOLVE_TRANSFORM": "True", "HF_HUB_OFFLINE": "1"}

from txtai import Embeddings  # noqa: E402  # it reads the variables as it is imported

embeddings = Embeddings(settings)
embeddings.index({**item, "id": item["item_id"], "text": item["title"]} for item in items)
embeddings.save(str(index / "items"))
embeddings.close()

from txtai.api import app  # noqa: E402  # it loads what was saved

uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
