"""From which address somebody asks: of the connection, or as a proxy says whose word the operator trusts."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from litestar.connection import ASGIConnection

Network = IPv4Network | IPv6Network
HOUSEHOLD = 64  # bits of an IPv6 address that one line has; the others its owner may choose anew for each request


def address(connection: ASGIConnection[Any, Any, Any, Any], trusted: Sequence[Network]) -> str:
    """The last address that no trusted proxy has: whatever stands before it the visitor may have made up. Empty where
    it is this machine, behind whose proxy everybody may be that nobody has named."""
    known = connection.client.host if connection.client else ""
    told = connection.headers.getall("x-forwarded-for", []) if trusted else []
    hops = [hop.strip() for line in told for hop in line.split(",")]
    while hops and _is_trusted(known, trusted):
        known = hops.pop()
    found = _read(known)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, HOUSEHOLD), strict=False))
    return "" if found is None or found.is_loopback else str(found)


def _is_trusted(host: str, trusted: Sequence[Network]) -> bool:
    found = _read(host)
    return found is not None and any(found in network for network in trusted)


def _read(host: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(host.strip("[]"))
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
