"""From which address somebody asks: of the connection, or as a proxy says whose word the operator trusts."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from litestar.connection import ASGIConnection

from engage.foundation.settings import Settings, is_loopback

Network = IPv4Network | IPv6Network
PASSED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
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


def on_this_machine(connection: ASGIConnection[Any, Any, Any, Any], settings: Settings) -> bool:
    """Whether a program here asks, and no proxy that passes on what somebody elsewhere asks. Proxies need not say that
    they are one, so where visitors may come through one on this machine, nobody counts as being here."""
    found = _read(connection.client.host) if connection.client else None
    if found is None or not found.is_loopback or any(name in connection.headers for name in PASSED_ON):
        return False
    if is_loopback(settings.base_url):
        return True
    return bool(settings.trusted_proxies) and not _is_trusted(str(found), settings.trusted_proxies)


def _is_trusted(host: str, trusted: Sequence[Network]) -> bool:
    found = _read(host)
    return found is not None and any(found in network for network in trusted)


def _read(host: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(host.strip("[]"))
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
