"""Which names mean this machine."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine, and nobody else can reach it there."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
