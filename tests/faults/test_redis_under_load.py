"""Redis dies, hangs and comes back while shoppers search: no search fails, and nobody restarts anything."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.faults.shoppers import Seen, shopping
from tests.support.redis_servers import RedisProcess
from tests.support.services import serving
from tests.support.waiting import eventually
from trimtab.service.settings import Settings


def is_degraded(seen: Seen) -> bool:
    return seen.after(len(seen.answers))[-1] == (200, ("redis",))


def is_whole(seen: Seen) -> bool:
    return seen.after(len(seen.answers))[-1] == (200, ())


def test_redis_is_killed_frozen_and_started_again(
    small_bundle: Path, tmp_path: Path, redis_server: RedisProcess
) -> None:
    settings = Settings(bundle=small_bundle, data_folder=tmp_path, redis_url=redis_server.url, redis_poll_seconds=0.1)
    with serving(settings) as client, shopping(client.base_url) as seen:
        eventually(lambda: is_whole(seen))
        redis_server.kill()
        eventually(lambda: is_degraded(seen))
        redis_server.start()
        eventually(lambda: is_whole(seen))
        redis_server.signal(signal.SIGSTOP)
        try:
            eventually(lambda: is_degraded(seen))
        finally:
            redis_server.signal(signal.SIGCONT)
        eventually(lambda: is_whole(seen))
    assert seen.failures == []
