"""The addresses that we send anything to: one in a payload is a claim, not an order."""

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv6Network, ip_address

from functions.run.masking import without_secrets
from functions.shared.errors import AddressRefusedError

# One strict form rather than a parser: whatever two parsers might read differently does not match.
_API_URL = re.compile(
    r"https://(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::443)?/[A-Za-z0-9._~/-]*", re.ASCII
)
# After the host, visible ASCII without the backslash, which some parsers read as a slash.
_LOOPBACK_URL = re.compile(
    r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?/[!-\[\]-~]*", re.ASCII
)
# With underscores, which the names of old buckets contain; without user info.
_DOWNLOAD_URL = re.compile(
    r"https://[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?::[0-9]{1,5})?/[!-\[\]-~]*", re.ASCII
)
# All that IANA has assigned for public use. IPv6 addresses that contain an IPv4 address (mapped,
# translated, 6to4, Teredo) are outside this network or listed below: somebody else decides where
# they lead.
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_TUNNELS = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))


def check_api_url(url: str, *, hosts: Iterable[str], allow_loopback: bool) -> str:
    """The API's address if credentials may be sent there.

    It has to be https on the default port, at a host of the allow-list, in which `*` stands for
    one label. The local stack allows loopback as well.

    Raises:
        AddressRefusedError: it is anything else. The message quotes it without user info and query,
            since it may come from the API secret.
    """
    if allow_loopback and _LOOPBACK_URL.fullmatch(url):
        return url
    match = _API_URL.fullmatch(url)
    if not match:
        raise AddressRefusedError(f"api_url {_quoted(url)} is not a plain https address")
    if not any(_host_matches(match["host"], pattern) for pattern in hosts):
        raise AddressRefusedError(
            f"api_url {_quoted(url)} is not at one of the hosts in the setting apiHosts"
        )
    return url


def check_download_url(url: str, *, allow_loopback: bool) -> str:
    """A presigned link if it may be followed: https, or loopback on the local stack.

    Its host may be any, since the session connects to public addresses only.

    Raises:
        AddressRefusedError: it is anything else. The message does not quote it, since a presigned
            link is a credential.
    """
    if _DOWNLOAD_URL.fullmatch(url) or (allow_loopback and _LOOPBACK_URL.fullmatch(url)):
        return url
    raise AddressRefusedError("a download link is not a plain https address")


def is_address(host: str) -> bool:
    """Whether a host is an IP address, in any notation that a resolver takes without asking."""
    try:
        socket.inet_aton(host)
    except OSError:
        try:
            ip_address(host.partition("%")[0])
        except ValueError:
            return False
    return True


def is_public(address: str) -> bool:
    """Whether an IP address is on the internet, and not in a private or special network."""
    ip = ip_address(address)
    if ip.version == 6:
        return ip.is_global and ip in _PUBLIC_IPV6 and not any(ip in net for net in _TUNNELS)
    return ip.is_global and not ip.is_multicast


def is_loopback(address: str) -> bool:
    return ip_address(address).is_loopback


def _quoted(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        # It could be a key in the wrong place.
        return "(not quoted, since it does not begin with https://)"
    return repr(without_secrets(url.split(maxsplit=1)[0])[:200])


def _host_matches(host: str, pattern: str) -> bool:
    labels, wanted = host.split("."), pattern.lower().split(".")
    return len(labels) == len(wanted) and all(
        w in ("*", label) for label, w in zip(labels, wanted, strict=True)
    )
