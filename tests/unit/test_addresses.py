"""Credentials go only to Paradime, and nothing goes to an address inside."""

import re
import socket
from collections.abc import Callable
from typing import Any

import pytest
import requests
from urllib3.util import connection

from functions.paradime.addresses import check_api_url, check_download_url, is_loopback, is_public
from functions.paradime.session import new_session
from functions.shared.errors import AddressRefusedError, TryAgainError

HOSTS = ("api.paradime.io", "api.*.paradime.io")
PUBLIC = "93.184.216.34"

HOSTILE_API_URLS = {
    "plain http": "http://api.paradime.io/graphql",
    "upper-case scheme": "HTTPS://api.paradime.io/graphql",
    "upper-case host": "https://API.paradime.io/graphql",
    "user info": "https://user@api.paradime.io/graphql",
    "user info with a password": "https://user:password@api.paradime.io/graphql",
    "the host as user info": "https://api.paradime.io@example.com/graphql",
    "the host as user info, escaped": "https://api.paradime.io%40example.com/graphql",
    "the host before a backslash": "https://api.paradime.io\\@example.com/graphql",
    "another port": "https://api.paradime.io:8443/graphql",
    "port 80": "https://api.paradime.io:80/graphql",
    "empty port": "https://api.paradime.io:/graphql",
    "port with a zero": "https://api.paradime.io:0443/graphql",
    "trailing dot": "https://api.paradime.io./graphql",
    "another suffix": "https://api.paradime.io.example.com/graphql",
    "another prefix": "https://evilapi.paradime.io/graphql",
    "suffix without its dot": "https://evilparadime.io/graphql",
    "two labels for one": "https://api.a.b.paradime.io/graphql",
    "no label for one": "https://api..paradime.io/graphql",
    "only the domain": "https://paradime.io/graphql",
    "look-alike letter": "https://api.p\u0430radime.io/graphql",
    "look-alike in punycode": "https://api.xn--prdime-2fg.io/graphql",
    "full-width letters": "https://\uff41pi.paradime.io/graphql",
    "full-width full stop": "https://api\uff0eparadime.io/graphql",
    "ideographic full stop": "https://api\u3002paradime.io/graphql",
    "soft hyphen": "https://api.para\u00addime.io/graphql",
    "right-to-left override": "https://\u202eapi.paradime.io/graphql",
    "IPv4": "https://93.184.216.34/graphql",
    "IPv4 of loopback": "https://127.0.0.1/graphql",
    "IPv4, one number": "https://2130706433/graphql",
    "IPv4, hexadecimal": "https://0x7f000001/graphql",
    "IPv4, hexadecimal parts": "https://0x7f.0x0.0x0.0x1/graphql",
    "IPv4, octal": "https://0177.0.0.1/graphql",
    "IPv4, short": "https://127.1/graphql",
    "IPv4 with a dot": "https://127.0.0.1./graphql",
    "IPv6": "https://[2606:2800:220:1::1]/graphql",
    "IPv6 of loopback": "https://[::1]/graphql",
    "IPv4 in IPv6": "https://[::ffff:127.0.0.1]/graphql",
    "IPv6 with a zone": "https://[fe80::1%25eth0]/graphql",
    "localhost": "https://localhost/graphql",
    "loopback over http": "http://127.0.0.1:8080/graphql",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "link-local": "https://169.254.169.254/graphql",
    "private": "https://10.0.0.1/graphql",
    "no host": "https:///graphql",
    "no path": "https://api.paradime.io",
    "query": "https://api.paradime.io/graphql?x=1",
    "fragment": "https://api.paradime.io/graphql#x",
    "escaped path": "https://api.paradime.io/%2e%2e/graphql",
    "line break": "https://api.paradime.io/graphql\n",
    "line break in the host": "https://api.paradime.io\n.example.com/graphql",
    "a blank before": " https://api.paradime.io/graphql",
    "a tab inside": "https://api.para\tdime.io/graphql",
    "NUL": "https://api.paradime.io\0.example.com/graphql",
    "scheme-relative": "//api.paradime.io/graphql",
    "file": "file:///etc/passwd",
    "gopher": "gopher://api.paradime.io/graphql",
    "script": "javascript:alert(1)",
    "empty": "",
    "very long": "https://" + "a." * 50_000 + "paradime.io/graphql",
}


@pytest.mark.parametrize("url", HOSTILE_API_URLS.values(), ids=HOSTILE_API_URLS.keys())
def test_credentials_do_not_go_to(url: str) -> None:
    with pytest.raises(AddressRefusedError):
        check_api_url(url, hosts=HOSTS, allow_loopback=False)


@pytest.mark.parametrize(
    ("url", "quoted"),
    [
        ("https://user:0penSesame@api.paradime.io/x", "'https://…api.paradime.io/x'"),
        ("https://0penSesame@example.com/x", "'https://…example.com/x'"),
        ("https://user:0pen/0penSesame@example.com", "'https://…example.com'"),
        ("https://user:0pen?0penSesame@example.com", "'https://…example.com'"),
        ("https://api.paradime.io/x?key=0penSesame", "'https://api.paradime.io/x…'"),
        ("https://example.com/x#0penSesame", "'https://example.com/x…'"),
        ("https://example.com/x?0penSesame\n0penSesame", "'https://example.com/x…'"),
        ("prdm_wsp_0penSesame", "(not quoted, since it does not begin with https://)"),
        (
            "user:0penSesame@api.paradime.io/x",
            "(not quoted, since it does not begin with https://)",
        ),
    ],
)
def test_a_refused_api_url_is_quoted_without_what_may_be_a_secret(url: str, quoted: str) -> None:
    with pytest.raises(AddressRefusedError) as refusal:
        check_api_url(url, hosts=HOSTS, allow_loopback=False)
    assert str(refusal.value).startswith(f"api_url {quoted} is not ")


def test_a_refused_api_url_is_quoted_as_far_as_its_host_and_path() -> None:
    with pytest.raises(AddressRefusedError) as refusal:
        check_api_url("https://example.com/graphql", hosts=HOSTS, allow_loopback=False)
    assert "'https://example.com/graphql' is not at one of the hosts" in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.paradime.io/api/v1/uany7edagtovarzx/graphql",
        "https://api.paradime.io:443/graphql",
        "https://api.eu.paradime.io/graphql",
    ],
)
def test_credentials_go_to(url: str) -> None:
    assert check_api_url(url, hosts=HOSTS, allow_loopback=False) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/graphql",
        "http://localhost/graphql",
        "http://[::1]:8080/graphql",
    ],
)
def test_the_local_stack_lets_loopback_through(url: str) -> None:
    assert check_api_url(url, hosts=HOSTS, allow_loopback=True) == url
    assert check_download_url(url, allow_loopback=True) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/graphql",
        "http://127.0.0.1@example.com/graphql",
        "http://127.0.0.1.example.com/graphql",
        "http://localhost.example.com/graphql",
        "http://127.0.0.2/graphql",
        "https://127.0.0.1/graphql",
    ],
)
def test_the_local_stack_lets_nothing_else_through(url: str) -> None:
    with pytest.raises(AddressRefusedError):
        check_api_url(url, hosts=HOSTS, allow_loopback=True)


HOSTILE_LINKS = {
    "plain http": "http://bucket.s3.amazonaws.com/key",
    "loopback over http": "http://127.0.0.1:8080/key",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "user info": "https://user:password@bucket.s3.amazonaws.com/key",
    "the host as user info": "https://bucket.s3.amazonaws.com@example.com/key",
    "backslash": "https://bucket.s3.amazonaws.com\\@example.com/key",
    "IPv6": "https://[::1]/key",
    "line break": "https://bucket.s3.amazonaws.com/key\r\nHost: example.com",
    "blank": "https://bucket.s3.amazonaws.com/a key",
    "not ASCII": "https://bucket.s3.am\u0430zonaws.com/key",
    "no host": "https:///key",
    "file": "file:///etc/passwd",
    "data": "data:text/plain,x",
    "empty": "",
}


@pytest.mark.parametrize("url", HOSTILE_LINKS.values(), ids=HOSTILE_LINKS.keys())
def test_no_link_is_followed_to(url: str) -> None:
    with pytest.raises(AddressRefusedError):
        check_download_url(url, allow_loopback=False)


def test_a_refused_link_is_not_quoted() -> None:
    with pytest.raises(AddressRefusedError) as refusal:
        check_download_url("http://bucket.example/key?X-Amz-Signature=abc", allow_loopback=False)
    assert "abc" not in str(refusal.value)


def test_a_presigned_link_is_followed() -> None:
    url = "https://my_bucket.s3.eu-west-1.amazonaws.com/a%20key.json?X-Amz-Signature=a+b/c=&x='(~)"
    assert check_download_url(url, allow_loopback=False) == url


INSIDE = {
    "loopback": "127.0.0.1",
    "other loopback": "127.8.8.8",
    "this host": "0.0.0.0",
    "private, class A": "10.1.2.3",
    "private, class B": "172.31.255.255",
    "private, class C": "192.168.0.1",
    "metadata": "169.254.169.254",
    "Lambda's runtime": "169.254.100.1",
    "carrier-grade NAT": "100.64.0.1",
    "benchmarks": "198.18.0.1",
    "documentation": "192.0.2.1",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "IPv6 loopback": "::1",
    "IPv6 unspecified": "::",
    "IPv6 link-local": "fe80::1",
    "IPv6 link-local with its zone": "fe80::1%eth0",
    "IPv6 unique local": "fc00::1",
    "IPv6 metadata": "fd00:ec2::254",
    "IPv6 site-local": "fec0::1",
    "IPv6 multicast": "ff02::1",
    "IPv6 documentation": "2001:db8::1",
    "IPv4 mapped into IPv6": "::ffff:127.0.0.1",
    "public IPv4 mapped into IPv6": "::ffff:93.184.216.34",
    "IPv4-compatible": "::7f00:1",
    "NAT64": "64:ff9b::7f00:1",
    "NAT64 of a site": "64:ff9b:1::7f00:1",
    "6to4": "2002:7f00:1::",
    "Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
}


@pytest.mark.parametrize("address", INSIDE.values(), ids=INSIDE.keys())
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", PUBLIC, "::ffff:10.0.0.1"])
def test_only_loopback_is_loopback(address: str) -> None:
    assert not is_loopback(address)


Resolve = Callable[..., None]


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses to which a connection was begun; all of them refuse."""
    addresses: list[str] = []

    def create(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        addresses.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(connection, "create_connection", create)
    return addresses


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Says what every name resolves to, once for each answer and then as the last one."""

    def resolve(*answers: list[str]) -> None:
        left = list(answers)

        def getaddrinfo(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
            addresses = left.pop(0) if len(left) > 1 else left[0]
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
                for address in addresses
            ]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return resolve


@pytest.mark.parametrize("allow_loopback", [False, True])
@pytest.mark.parametrize("address", INSIDE.values(), ids=INSIDE.keys())
def test_a_name_that_resolves_inside_is_not_connected_to(
    resolve: Resolve, connected: list[str], address: str, allow_loopback: bool
) -> None:
    """Nor is it given up: a resolver may answer so for a moment."""
    resolve([address])
    with pytest.raises(TryAgainError, match=re.escape(f"is at {address}, which is not")):
        new_session(1, allow_loopback=allow_loopback).get("https://bucket.s3.amazonaws.com/key")
    assert connected == []


@pytest.mark.parametrize(
    ("literal", "address"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("[::1]", "::1"),
        ("[fe80::1]", "fe80::1"),
        ("[::ffff:7f00:1]", "::ffff:7f00:1"),
    ],
)
def test_an_address_inside_that_stands_in_a_link_is_refused_for_good(
    resolve: Resolve, connected: list[str], literal: str, address: str
) -> None:
    resolve([address])
    with pytest.raises(AddressRefusedError):
        new_session(1, allow_loopback=False).get(f"https://{literal}/key")
    assert connected == []


def test_one_address_inside_among_public_ones_is_enough_to_refuse(
    resolve: Resolve, connected: list[str]
) -> None:
    resolve([PUBLIC, "10.0.0.1"])
    with pytest.raises(TryAgainError):
        new_session(1, allow_loopback=False).get("https://bucket.s3.amazonaws.com/key")
    assert connected == []


def test_a_name_that_resolves_otherwise_the_second_time_gains_nothing(
    resolve: Resolve, connected: list[str]
) -> None:
    """Each connection goes to an address of the very answer that was judged."""
    resolve([PUBLIC], ["169.254.169.254"])
    with pytest.raises(TryAgainError):
        new_session(1, allow_loopback=False).get("https://bucket.s3.amazonaws.com/key")
    assert connected == [PUBLIC]


def test_a_refused_connection_is_tried_at_the_name_s_next_address(
    resolve: Resolve, connected: list[str]
) -> None:
    resolve([PUBLIC, "93.184.216.35"])
    with pytest.raises(requests.ConnectionError):
        new_session(1, allow_loopback=False).get("https://bucket.s3.amazonaws.com/key")
    assert connected == [PUBLIC, "93.184.216.35"] * 3


def test_a_deployed_stack_has_no_plain_http() -> None:
    with pytest.raises(requests.exceptions.InvalidSchema):
        new_session(1, allow_loopback=False).get("http://bucket.s3.amazonaws.com/key")


def test_plain_http_of_the_local_stack_is_for_loopback(
    resolve: Resolve, connected: list[str]
) -> None:
    resolve([PUBLIC])
    with pytest.raises(TryAgainError):
        new_session(1, allow_loopback=True).get("http://localhost.example.com/key")
    assert connected == []


def test_a_name_that_no_resolver_takes_is_refused(
    monkeypatch: pytest.MonkeyPatch, connected: list[str]
) -> None:
    def getaddrinfo(*args: Any, **options: Any) -> None:
        raise UnicodeError("label empty or too long")  # as the standard library's does

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(AddressRefusedError):
        new_session(1, allow_loopback=False).get(f"https://{'a' * 64}.amazonaws.com/key")
    assert connected == []


def test_a_proxy_of_the_surroundings_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, resolve: Resolve, connected: list[str]
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    resolve([PUBLIC])
    with pytest.raises(requests.ConnectionError):
        new_session(1, allow_loopback=False).get("https://bucket.s3.amazonaws.com/key")
    assert set(connected) == {PUBLIC}
