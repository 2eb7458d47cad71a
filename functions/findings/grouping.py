"""Findings by what they have in common: 250 models that found no warehouse have one cause.

Reasons are the same if they differ only in numbers, names in quotation marks, ids, timestamps and
the name of the node itself. A test that found rows tells of its own data, and stands for itself.
"""

import re
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from itertools import islice

from msgspec import Struct, field

from functions.findings.artifacts.nodes import named
from functions.findings.finding import Finding, Group
from functions.run.display import counted
from functions.run.text import listed

MAX_NAMED = 10
_MAX_KEY_CHARACTERS = 300

_QUOTED = re.compile(
    r"""(?<!\w)(?:"[^"\n]{0,200}"|'[^'\n]{0,200}'|`[^`\n]{0,200}`)(?:\.(?:"[^"\n]{0,200}"))*(?!\w)"""
)
# Numbers, and what has digits in it: ids, dates, hexadecimal digests. Each word is tried once, from
# its beginning: from each of its characters, a long one would take the square of its length.
_WITH_DIGITS = re.compile(r"\b\w*\d\w*")
_HEXADECIMAL = re.compile(r"\b[0-9a-f]{8,}\b")
_SEVERAL = re.compile(r"#(?:[-+:.,/TZ ]{0,2}#)+")
_BLANKS = re.compile(r"\s+")


class _Group(Struct):
    first: Finding
    count: int = 0
    unique_ids: dict[str, None] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, finding: Finding) -> None:
        """A node that failed in several commands is one node."""
        self.count += 1
        if finding.unique_id not in self.unique_ids:
            self.unique_ids[finding.unique_id] = None
            self.kinds[named(finding.unique_id).kind_in_words or "command"] += 1


def grouped(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """The groups, those with most findings first."""
    found: dict[object, _Group] = {}
    for finding in findings:
        key = _key(finding)
        if key not in found:
            found[key] = _Group(finding)
        found[key].add(finding)
    by_size = sorted(found.values(), key=lambda group: -group.count)
    return tuple(
        Group(
            what=in_words(group.kinds) if len(group.unique_ids) > 1 else group.first.unique_id,
            count=group.count,
            status=group.first.status,
            reason=group.first.reason,
            unique_ids=tuple(islice(group.unique_ids, MAX_NAMED)),
        )
        for group in by_size
    )


def in_words(kinds: Counter[str]) -> str:
    """Such as `250 models`, `2 models and 1 test`."""
    return listed([counted(number, kind) for kind, number in kinds.most_common()])


def fingerprint(finding: Finding) -> str:
    """The same for findings of one cause, also those of other runs: 16 hexadecimal digits."""
    key = _what_is_common(finding) or f"{finding.unique_id} {finding.status}"
    return sha256(key.encode(errors="surrogatepass")).hexdigest()[:16]


def _key(finding: Finding) -> object:
    common = _what_is_common(finding)
    return (finding.command_id, finding.unique_id, finding.status) if common is None else common


def _what_is_common(finding: Finding) -> str | None:
    """The reason without what differs between nodes and runs; None for what stands for itself."""
    node = named(finding.unique_id)
    if finding.status == "fail" or node.kind == "unit test" or not finding.reason:
        return None
    text = _without_name(finding.reason[: 2 * _MAX_KEY_CHARACTERS], node.name)
    text = _QUOTED.sub("…", text)
    text = _WITH_DIGITS.sub("#", _HEXADECIMAL.sub("#", text))
    return _BLANKS.sub(" ", _SEVERAL.sub("#", text))[:_MAX_KEY_CHARACTERS]


def _without_name(text: str, name: str) -> str:
    if name not in text:
        return text
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", text)
