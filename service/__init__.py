"""HTTP over the engine: routes, settings, events, state, metrics."""

import os

# polars reads it when it is imported. Its threads would take the processors from searches while a part of the log is
# written.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
