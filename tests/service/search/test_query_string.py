"""Parameters are read as the standard library reads them."""

from urllib.parse import parse_qsl

import pytest

from trimtab.core.errors import BadParameter
from trimtab.service.search.request import MAX_PARAMETERS, from_query_string


@pytest.mark.parametrize(
    "sent",
    ["q=a+b%2Bc", "q=caf%C3%A9&&", "q=caf\xe9", "q=100%2", "q=a=b&offset=&%6B=", "q=a;k=3", "q=x%20&session_id=%26"],
)
def test_pairs_are_those_of_the_standard_library(sent: str) -> None:
    expected = {name: value for name, value in parse_qsl(sent) if name in ("q", "session_id")}
    asked = from_query_string(sent.encode("latin-1"), ()).model_dump(include=expected.keys())
    assert asked == {name: value.strip() for name, value in expected.items()}


def test_too_many_are_refused() -> None:
    with pytest.raises(BadParameter, match="too many"):
        from_query_string(b"&".join([b"q=a"] * (MAX_PARAMETERS + 1)), ())
