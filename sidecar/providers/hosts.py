"""What a host is, from its spelling: this machine, a private network, or an address that must never be asked.

Pure but for :func:`is_on_this_machine`, which asks the system whether an address is its own. Facts: RFC 6890 (special
purpose addresses), RFC 6761 (`localhost`), RFC 3927 and RFC 4291 (link-local); the metadata addresses are those of
the large clouds' vendors.
"""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address

BLOCKED_NAMES = frozenset({"metadata.google.internal", "metadata.goog"})
_EC2_METADATA = IPv6Address("fd00:ec2::254")
_NAT64 = IPv6Network("64:ff9b::/96")
_PRIVATE_ENDINGS = (".local", ".localhost", ".internal", ".lan", ".home", ".home.arpa", ".test")
# What containers call the machine that they run on.
_CONTAINER_HOSTS = frozenset({"host.docker.internal", "host.containers.internal", "host.lima.internal"})
# `socket` takes 2130706433, 0x7f.1 and 127.1 for addresses: past a check that reads dotted quads only.
_NUMERIC = re.compile(r"(?:0x[0-9a-f]+|[0-9]+)(?:\.(?:0x[0-9a-f]+|[0-9]+)){0,3}\.?", re.IGNORECASE)


def host_of(url: str) -> str:
    """The host of a URL in lower case, without brackets, port and the dot that may end it; empty if it has none."""
    return (urlsplit(url).hostname or "").rstrip(".")


def address_of(host: str) -> Address | None:
    """The address that a host spells out, an IPv4 one in IPv6's clothing (mapped, NAT64) laid bare; None for a name."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_odd_number(host: str) -> bool:
    """Whether a host is an address in a spelling that programs read differently (`127.1`, `0x7f000001`)."""
    return address_of(host) is None and _NUMERIC.fullmatch(host) is not None


def is_blocked(host: str) -> bool:
    """Whether this is a link-local or metadata address, which hands out a machine's credentials to whoever asks."""
    address = address_of(host)
    if address is None:
        return host.lower().rstrip(".") in BLOCKED_NAMES
    return address.is_link_local or address == _EC2_METADATA


def is_loopback_host(host: str) -> bool:
    """Whether a host is this machine's loopback: `localhost`, a name below it, 127.0.0.0/8 or ::1."""
    address = address_of(host)
    if address is None:
        name = host.lower().rstrip(".")
        return name == "localhost" or name.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def is_private_host(host: str) -> bool:
    """Whether a host is on this machine or a private network: no dot, a private ending, or no global address."""
    address = address_of(host)
    if address is None:
        name = host.lower().rstrip(".")
        return "." not in name or name.endswith(_PRIVATE_ENDINGS)
    return not address.is_global


@lru_cache(maxsize=256)
def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine's loopback, which no proxy can reach for us."""
    return is_loopback_host(host_of(url))


@lru_cache(maxsize=256)
def is_private(url: str) -> bool:
    """Whether a URL leads to this machine or a private network."""
    return is_private_host(host_of(url))


def is_on_this_machine(url: str) -> bool:
    """Whether a URL leads to this machine: its loopback, its own name, one of its addresses, a container's host."""
    host = host_of(url)
    if is_loopback_host(host) or host in _CONTAINER_HOSTS:
        return True
    address = address_of(host)
    if address is None:
        own = socket.gethostname().lower()
        return bool(own) and host in {own, f"{own.partition('.')[0]}.local"}
    return _is_own_address(address)


def _is_own_address(address: Address) -> bool:
    """Whether the system lets a socket have this address, as it does for its own and for no other."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
