"""A visitor's address: what a proxy says is believed only of a proxy that is trusted, and only as far as it saw."""

from ipaddress import ip_network

import pytest
from litestar.testing import RequestFactory

from engage.foundation.web.askers.visitors import address

PROXIES = [ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "told", "trusted", "found"),
    [
        ("192.0.2.7", "198.51.100.1", [], "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", PROXIES, "192.0.2.7"),
        ("127.0.0.1", "198.51.100.1", PROXIES, "198.51.100.1"),
        ("::ffff:10.1.1.1", "203.0.113.9, 198.51.100.1, 10.2.2.2", PROXIES, "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1, nonsense", PROXIES, ""),
        ("127.0.0.1", "198.51.100.1", [], ""),
        ("fd00::1", "2001:db8:1:2:3:4:5:6", PROXIES, "2001:db8:1:2::/64"),
    ],
)
def test_the_last_hop_that_is_not_ours_counts(peer: str, told: str, trusted: list, found: str) -> None:  # type: ignore[type-arg]  # networks of both kinds
    request = RequestFactory().get("/", headers={"x-forwarded-for": told})
    request.scope["client"] = (peer, 1)
    assert address(request, trusted) == found
