"""A real redis-server, as the tests of the service have it."""

from tests.service.conftest import no_settings_of_this_machine, redis_server

__all__ = ["no_settings_of_this_machine", "redis_server"]
