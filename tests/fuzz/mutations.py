"""Requests: a body signed by its sender, or by somebody else, and then changed on the way."""

import base64
from collections.abc import Callable
from datetime import datetime
from random import Random

from tests.fuzz import bodies
from tests.fuzz.reference import sign
from tests.fuzz.request import Request

CONFIGURED = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
UNKNOWN = "whsec_" + "bm9i" * 8
MAX_HEADER_BYTES = 10_240  # API Gateway's quota for an HTTP API: more does not get through
PARTS = ("id", "timestamp", "signature")

HOSTILE_IDS = [
    "msg.1",
    "msg 1",
    "msg_1\n",
    "\x00",
    "ä",
    "\ud800",
    "\u202emsg",
    "m" * 257,
    "m" * 2000,
    "a,b",
    "{}",
    "../../x",
    "",
]
NOISE = [" ", "  ", "\t", "\n", "\x00", ",", "=", "v1", "\u00e9", "\ud800", "_", "-", "+", "%20"]
ENTRIES = [
    "",
    "v1",
    "v1,",
    ",",
    ",,",
    "v1,a",
    "v1,====",
    "v1,YQ=",
    "v1,YQ==YQ==",
    "v1,\u00e9",
    "v1,a,b",
    "garbage",
    f"v1,{'A' * 43}=",
    f"v2,{'A' * 43}=",
    f"v1a,{'A' * 86}==",
    "v1;AAAA",
    "\t",
    "v1," + "A" * 2000,
]


def request(chance: Random, now: datetime) -> Request:
    made = _signed(chance, now)
    # So weighted that well over half get past the signature, to what lies behind it.
    for _ in range(chance.choices([0, 1, 2, 3], [40, 40, 12, 8])[0]):
        if chance.random() < 0.6:
            chance.choice(HARMLESS)(chance, made)
        else:
            made.genuine = False
            chance.choice(HARMFUL)(chance, made)
    if made.header_bytes > MAX_HEADER_BYTES:
        made.genuine = False
        made.headers = [(name, value[:1000]) for name, value in made.headers]
    return made


def _signed(chance: Random, now: datetime) -> Request:
    """As its sender makes it, in one of eight by a wrong secret, id or instant."""
    made = Request()
    body = bodies.body(chance)
    made.put(body, encoded=chance.random() < 0.3)
    delivery_id = f"msg_{chance.getrandbits(120):x}"
    seconds = chance.randint(-290, 290)
    secrets = list(chance.choice([CONFIGURED[:1], CONFIGURED[1:], CONFIGURED, CONFIGURED[::-1]]))
    fault = chance.randrange(24)
    if fault == 0:
        secrets = [UNKNOWN]
    elif fault == 1:
        delivery_id = chance.choice(HOSTILE_IDS)
    elif fault == 2:
        seconds = chance.choice([-1, 1]) * chance.choice([310, 3600, 10**6, 10**9, 10**12])
    made.genuine = fault > 2
    family = chance.choice(["svix", "webhook"])
    headers = {
        f"{family}-id": delivery_id,
        f"{family}-timestamp": str(int(now.timestamp()) + seconds),
    }
    entries = [sign(secret, headers, body) for secret in secrets]
    made.headers = [
        ("content-type", "application/json"),
        *headers.items(),
        (f"{family}-signature", " ".join(entries)),
    ]
    return made


# Changes that a genuine request survives.


def _other_case(chance: Random, made: Request) -> None:
    spell = chance.choice([str.upper, str.title, str.swapcase])
    made.headers = [(spell(name), value) for name, value in made.headers]


def _another_header(chance: Random, made: Request) -> None:
    name = chance.choice(["cookie", "x-forwarded-for", "authorization", "x-svix-id", "svix-id-2"])
    made.headers.append((name, chance.choice([*HOSTILE_IDS, "x" * 2000])))


def _another_content_type(chance: Random, made: Request) -> None:
    content_type = chance.choice(["", "text/plain", "application/octet-stream", "a/b; charset=x"])
    made.headers = [pair for pair in made.headers if pair[0].lower() != "content-type"]
    made.headers.append(("content-type", content_type))


def _other_entries(chance: Random, made: Request) -> None:
    before, after = (chance.choices(ENTRIES, k=chance.randint(0, 3)) for _ in range(2))
    _change(made, _its(made, "signature"), lambda value: " ".join([*before, value, *after]))


def _other_encoding(chance: Random, made: Request) -> None:
    if (body := made.body) is not None:
        made.put(body, encoded=not made.encoded)


def _other_order(chance: Random, made: Request) -> None:
    chance.shuffle(made.headers)


HARMLESS: list[Callable[[Random, Request], None]] = [
    _other_case,
    _another_header,
    _another_content_type,
    _other_entries,
    _other_encoding,
    _other_order,
]


# Changes that may spoil it.


def _body_changed(chance: Random, made: Request) -> None:
    made.put(bodies.flipped(chance, made.body or b""), encoded=made.encoded)


def _body_replaced(chance: Random, made: Request) -> None:
    made.put(bodies.body(chance), encoded=made.encoded)


def _encoded_flag_turned(chance: Random, made: Request) -> None:
    made.encoded = not made.encoded


def _encoded_text_changed(chance: Random, made: Request) -> None:
    made.text = _noisy(chance, made.text)
    made.encoded = made.encoded or chance.random() < 0.5


def _header_removed(chance: Random, made: Request) -> None:
    name = _its(made, chance.choice(PARTS))
    made.headers = [pair for pair in made.headers if pair[0].lower() != name]


def _header_emptied(chance: Random, made: Request) -> None:
    _change(made, _its(made, chance.choice(PARTS)), lambda _: chance.choice(["", " "]))


def _header_noisy(chance: Random, made: Request) -> None:
    _change(made, _its(made, chance.choice(PARTS)), lambda value: _noisy(chance, value))


def _header_repeated(chance: Random, made: Request) -> None:
    name = _its(made, chance.choice(PARTS))
    values = [value for header, value in made.headers if header.lower() == name]
    repeated = chance.choice([*values, *ENTRIES, *HOSTILE_IDS])
    made.headers.insert(chance.randint(0, len(made.headers)), (name, repeated))


def _header_of_the_other_family(chance: Random, made: Request) -> None:
    name = _its(made, chance.choice(PARTS))
    family, _, part = name.partition("-")
    other = f"{'webhook' if family == 'svix' else 'svix'}-{part}"
    if chance.random() < 0.5:
        made.headers = [(other if n.lower() == name else n, value) for n, value in made.headers]
    else:
        made.headers.append((other, chance.choice([*ENTRIES, *HOSTILE_IDS])))


def _id_replaced(chance: Random, made: Request) -> None:
    _change(made, _its(made, "id"), lambda _: chance.choice(HOSTILE_IDS))


def _full_stop_moved(chance: Random, made: Request) -> None:
    """The same signed text with its parts cut elsewhere."""
    body = made.body or b""
    timestamp = _value(made, "timestamp")
    if chance.random() < 0.5:
        _change(made, _its(made, "id"), lambda value: f"{value}.{timestamp}")
        made.put(body.partition(b".")[2], encoded=made.encoded)
    else:
        made.put(f"{timestamp}.".encode(errors="surrogatepass") + body, encoded=made.encoded)


def _timestamp_rewritten(chance: Random, made: Request) -> None:
    value = _value(made, "timestamp")
    forms = [
        f"{value}.0",
        f"{value}.9",
        f"+{value}",
        f"0{value}",
        f" {value} ",
        f"{value[:1]}_{value[1:]}",
        f"{value}e0",
        "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isdigit() else c for c in value),
        "".join(chr(ord(c) + 0x630) if c.isascii() and c.isdigit() else c for c in value),
        f"-{value}",
        "nan",
        "inf",
        "1e999",
        "9" * 400,
        "0",
        "",
    ]
    _change(made, _its(made, "timestamp"), lambda _: chance.choice(forms))


def _signature_rewritten(chance: Random, made: Request) -> None:
    value = _value(made, "signature")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    spare = value[-2:-1]
    forms = [
        value.replace("+", "-").replace("/", "_"),
        value.rstrip("="),
        value + "=",
        value.replace("v1,", "v2,"),
        value.replace("v1,", "V1,"),
        value.replace("v1,", "v1, "),
        value.replace("v1,", ""),
        value.replace("v1,", "v1,v1,"),
        value.replace(" ", ","),
        value.replace(" ", "\t"),
        value.lower(),
        value[:-2] + alphabet[(alphabet.find(spare) + 1) % 64] + value[-1:],
        value[:8],
        base64.b64encode(value.encode(errors="replace")).decode(),
        value * 20,
        " ".join(ENTRIES * 3),
        "v1, " * 2300,
        "v1,a " * 1800,
    ]
    _change(made, _its(made, "signature"), lambda _: chance.choice(forms))


HARMFUL: list[Callable[[Random, Request], None]] = [
    _body_changed,
    _body_replaced,
    _encoded_flag_turned,
    _encoded_text_changed,
    _header_removed,
    _header_emptied,
    _header_noisy,
    _header_repeated,
    _header_of_the_other_family,
    _id_replaced,
    _full_stop_moved,
    _timestamp_rewritten,
    _signature_rewritten,
]


def _its(made: Request, part: str) -> str:
    """The name of that header in the request's family."""
    names = {name.lower() for name, _ in made.headers}
    family = "svix" if any(f"svix-{part}" in names for part in PARTS) else "webhook"
    return f"{family}-{part}"


def _value(made: Request, part: str) -> str:
    name = _its(made, part)
    return next((value for header, value in made.headers if header.lower() == name), "")


def _change(made: Request, name: str, change: Callable[[str], str]) -> None:
    made.headers = [
        (header, change(value) if header.lower() == name else value)
        for header, value in made.headers
    ]


def _noisy(chance: Random, text: str) -> str:
    at = chance.randint(0, len(text))
    if chance.random() < 0.3:
        return text[:at] + text[at + 1 :]
    replaced = chance.randint(0, 1)
    return text[:at] + chance.choice([*NOISE, chr(chance.randrange(128))]) + text[at + replaced :]
