"""Credentials in the texts of others, masked wherever such a text is told.

Logs, commands and dbt's messages are stored as they came. What is told of them (page, message,
`failures.json`, record) passes here first. Every step takes time linear in the text, and little
of it: no pattern has to match anything behind a class without a bound, and each is looked for by
the characters that it begins with.
"""

import re
import string
from collections.abc import Iterator

MASK = "…"
MAX_SECRET_CHARACTERS = 8_000

# What is known by its beginning. The forms are those of gitleaks, which collects all vendors':
# https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml
_TOKENS = {
    "Paradime": r"prdm_[a-z]{1,8}_[\w.-]+",
    "Standard Webhooks": r"whsec_[\w+/=]+",
    "GitHub": r"gh[oprsu]_[A-Za-z0-9]{4,}|github_pat_\w{4,}",
    "GitLab": r"gl(?:pat|ptt|dt|rt|rtr|cbt|ft|imt|agent|oas|soat|ffct|wt)-[\w.=-]{4,}",
    "Bitbucket, Jira": r"AT(?:BB|ATT|CTT)[\w=.-]{16,}",
    "Slack": r"xox[a-z](?:\.xox[a-z])?-[\w-]{4,}|xapp-[\w-]{4,}"
    r"|hooks\.slack\.com/(?:services|workflows|triggers)/[\w/+-]+",
    "AWS, an access key and the secret behind it": r"A(?:3T[A-Z0-9]|KIA|SIA|BIA|CCA)[A-Z0-9]{12,}"
    r"(?:[ \t:,;|/\"']{1,4}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+]))?",
    "Google": r"AIza[\w-]{30,}|ya29\.[\w.-]+|GOCSPX-[\w-]+",
    "Azure": r"Q~[A-Za-z0-9_~.-]{31,}",
    "Databricks": r"dapi[0-9a-f]{8,}(?:-[0-9])?",
    "dbt": r"dbt[cu]_[\w.=-]{8,}",
    "PyPI, npm": r"pypi-[\w-]{16,}|npm_[A-Za-z0-9]{16,}",
    "OpenAI, Anthropic, Stripe": r"sk-[\w-]{20,}|sk_(?:live|test)_\w{8,}|rk_(?:live|test)_\w{8,}",
    "Hugging Face": r"hf_[A-Za-z]{30,}",
    # https://datatracker.ietf.org/doc/html/rfc7519 (OAuth, Snowflake, MotherDuck)
    "JSON Web Token": r"eyJ[\w-]{6,1000}\.[\w.-]+",
}
_TOKEN = re.compile("|".join(_TOKENS.values()), re.ASCII)
# In the midst of a word it is none. Ends of one are a colour's code, and, in JSON and in
# addresses, `\n` and `%3D`.
_WORD_END = re.compile(r"(?:^|[^A-Za-z0-9]|\\[nrt]|%[0-9A-Fa-f]{2}|\x1b\[[0-9;]*m)\Z")

# A member, variable, parameter, header or option whose name says that its value is secret, in
# YAML, JSON, Python, connection strings (ODBC, JDBC, Azure) and command lines. dbt's own mark is
# DBT_ENV_SECRET: https://docs.getdbt.com/docs/build/environment-variables
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_NAME = re.compile(
    r"dbt_env_secret\w{0,64}|password|passwd|passphrase|passcode|pwd"
    r"|api[_-]?key|access[_-]?key|account[_-]?key|secret[_-]?key|shared[_-]?key|signing[_-]?key"
    r"|private[_-]?key|master[_-]?key|encryption[_-]?key"
    r"|secret[_-]?(?:id|string|value)|secret|token|authorization|_auth|-auth"
    r"|signature|sig"
)
_VALUE = re.compile(
    r"""(?P<mark> (?:\\{0,4}["'])? [ \t]{0,8} (?: => | [:=] ) [ \t]{0,8} | [ \t]{1,4} )
    (?P<value>
        (?P<quoted>
            \\{1,4}"[^"\n]*"? | \\{1,4}'[^'\n]*'?
          | "(?:[^"\\\n]|\\.)*"? | '(?:[^'\\\n]|\\.)*'?
        )
      | \{[^{}"'\n]{1,128}\}  # as ODBC quotes
      | (?:(?:Bearer|Basic|Token|Digest)[ \t]{1,4})?
        (?! [{\[] )
        (?: [^\s"',;&)}\]]
          | [,)}\]] (?! [\s"',;&)}\]] | \Z | [\w.-]{1,64}["']?[ \t]?[=:] )
        )+
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_OPTION = re.compile(r"--[\w-]*")
# A parser's word, and the name of a secret in an ARN.
_OTHER_WORDS = ("expected token", "invalid token", "illegal token", "unknown token", ":secret")
# What stands in the place of a secret and is none: nothing, a variable, a column of a table.
_NOT_SECRET = re.compile(
    r"""(?:none|null|true|false|undefined|\*+|…|\$\{?\w+\}?|\{\{.*|env_var\(.*)?[.:]?
      | [a-z_]\w{0,64}\.\w{0,64}(?:token|secret|key|password|signature)\w{0,64}""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)

# What a shell says of a variable, behind its name; a value would stand where this does.
# https://git.savannah.gnu.org/cgit/bash.git/tree/subst.c and variables.c, and dash alike
_OF_A_VARIABLE = re.compile(
    r"(?:unbound variable|parameter (?:null or )?not set|readonly variable|bad substitution"
    r"|invalid variable name|(?:command )?not found)(?![^\s\x1b])"
)

# https://datatracker.ietf.org/doc/html/rfc9110#section-11.1
_SCHEME = re.compile(r"(?:bearer|basic)[ \t]{1,4}")
_CREDENTIALS = re.compile(r"[\w.~+/=-]{8,}")
_WORD = re.compile("[A-Z]?[a-z]+[.:]?")

# user:password@host, without a scheme
_USER_INFO = re.compile(r"""(?<![\w.+/-])[\w.+-]{1,64}:[^\s:@/"']{1,128}@(?=[\w-]{1,64}[.:])""")

# https://datatracker.ietf.org/doc/html/rfc7468
_KEY_MARK = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINES = re.compile(r"(?:(?:\\[nr]|\s)+[A-Za-z0-9+/=]{16,})*")
_KEY_END = string.ascii_letters + string.digits + "+/=\\\r\n"

_ADDRESS_MARK = "://"
_ADDRESS_SCHEME = re.compile(r"[A-Za-z0-9+.-]{0,32}\Z")
_ADDRESS_END = re.compile(r"[\s\x1b]")
_CLOSING = {'"': '"', "'": "'", "`": "`", "<": ">", "(": ")", "[": "]", "{": "}"}
_HOST_END = re.compile(r"[/?#\\]")
_HOST = re.compile(
    r"…?(?:[\w-]+(?:\.[\w-]+)+\.?|localhost|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?(?:[/?#\\]|\Z)"
)
_QUERY = re.compile(r"[?#].")


def without_secrets(text: str) -> str:
    """The text with a mask in the place of each credential that its form or its name betrays.

    Of an address, user info and query are left out, a presigned link's signature among it.
    """
    if "-----" in text:
        text = "".join(_without_private_keys(text))
    if _ADDRESS_MARK in text:
        text = "".join(_with_plain_addresses(text))
    text = _TOKEN.sub(_mask_token, text)
    text = "".join(_without_values(text))
    text = "".join(_without_credentials(text))
    return _USER_INFO.sub(MASK, text) if "@" in text else text


def beginning_without_secrets(text: str, characters: int) -> str:
    """A text that is to be cut after so many characters, read little further than that.

    A credential over the place of the cut would not be told from its beginning alone.
    """
    return without_secrets(text[: characters + MAX_SECRET_CHARACTERS])


def _mask_token(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - 12) : found.start()]
    return MASK if _WORD_END.search(before) else found[0]


def _without_values(text: str) -> Iterator[str]:
    """Names are found in any case, and whatever stands before them: `PGPASSWORD`, `apiToken`."""
    at = 0
    lower = text.lower() if text.isascii() else text.translate(_LOWER)
    for name in _NAME.finditer(lower):
        found = _VALUE.match(text, name.end()) if name.start() >= at else None
        if found and _is_secret(lower, name, found):
            value = found["value"]
            quote = value[: len(value) - len(value.lstrip("\\")) + 1] if found["quoted"] else ""
            closed = quote if len(value) > len(quote) and value.endswith(quote) else ""
            yield f"{text[at : found.start('value')]}{quote}{MASK}{closed}"
            at = found.end()
    yield text[at:]


def _is_secret(lower: str, name: re.Match[str], found: re.Match[str]) -> bool:
    if lower.endswith(_OTHER_WORDS, 0, name.end()):
        return False
    if not found["mark"].strip() and not _is_option(lower, name.start()):
        return False
    if found["mark"] == ": " and _OF_A_VARIABLE.match(lower, found.start("value")):
        return False
    return not _NOT_SECRET.fullmatch(found["value"].strip("\\\"'"))


def _is_option(lower: str, name_start: int) -> bool:
    dashes = lower.rfind("--", max(0, name_start - 40), name_start)
    return dashes >= 0 and _OPTION.fullmatch(lower, dashes, name_start) is not None


def _without_credentials(text: str) -> Iterator[str]:
    """Those of a header without its name; a sentence stays: basic authentication failed."""
    at = 0
    for scheme in _SCHEME.finditer(text.translate(_LOWER)):
        found = _CREDENTIALS.match(text, scheme.end())
        if found and not _WORD.fullmatch(found[0]):
            yield text[at : found.start()] + MASK
            at = found.end()
    yield text[at:]


def _without_private_keys(text: str) -> Iterator[str]:
    """Also without one whose beginning or end is cut off."""
    at, inside = 0, None
    for mark in _KEY_MARK.finditer(text):
        if mark[1] == "BEGIN" and inside is None:
            yield text[at : mark.start()]
            inside = mark
        elif mark[1] == "END":
            if inside is None:
                yield text[at : mark.start()].rstrip(_KEY_END)
            yield MASK
            at, inside = mark.end(), None
    if inside is not None:
        yield MASK
        lines = _KEY_LINES.match(text, inside.end())
        at = lines.end() if lines else inside.end()
    yield text[at:]


def _with_plain_addresses(text: str) -> Iterator[str]:
    """An address ends at a blank, or where the quotation that it begins ends."""
    at = 0
    while (mark := text.find(_ADDRESS_MARK, at)) >= 0:
        begin = mark + len(_ADDRESS_MARK)
        blank = _ADDRESS_END.search(text, begin)
        end = blank.start() if blank else len(text)
        scheme = _ADDRESS_SCHEME.search(text, max(at, mark - 32), mark)
        before = (scheme.start() if scheme else mark) - 1
        closing = _CLOSING.get(text[before]) if before >= at else None
        if closing and (closed := text.find(closing, begin, end)) >= 0:
            end = closed
        yield text[at:begin]
        yield _plain_address(text[begin:end])
        at = end
    yield text[at:]


def _plain_address(rest: str) -> str:
    """What stands behind `://`, from its host to its path.

    An `@` behind a host belongs to the path, as in that of a package; where no host can be made
    out, a password may hold a slash, and all is left out up to the last `@`.
    """
    masked = ""
    if "@" in rest and not _HOST.match(rest):
        host_end = _HOST_END.search(rest)
        host = rest.rfind("@", 0, host_end.start() if host_end else len(rest)) + 1
        if not host or not _HOST.match(rest, host):
            host = rest.rfind("@") + 1
        rest, masked = rest[host:], MASK
    query = _QUERY.search(rest)
    return f"{masked}{rest[: query.start()]}{MASK}" if query else masked + rest
