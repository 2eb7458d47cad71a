"""What single programs print of a failure, each found by the form that it has."""

import operator
import re
from collections.abc import Iterator, Sequence
from itertools import dropwhile, takewhile

from functions.findings.logs.entries import LogLine
from functions.run.display import counted

MAX_LINES = 24

Lines = Sequence[LogLine]

_JAVA_CAUSE = re.compile(r"\s*Caused by: ")
_JAVA = re.compile(
    r"\s*(?:Exception in thread \"[^\"]{0,100}\" )?(?:\w+\.)+\w*(?:Exception|Error)\b"
)
_JAVA_FRAME = re.compile(r"\s*at [\w.$<>/@]+\(")


def java(lines: Lines) -> list[str]:
    """The exception at the top, and the deepest of its causes."""
    frames = [at for at, line in enumerate(lines) if _JAVA_FRAME.match(line.text)]
    tops = [
        at - 1
        for at in frames
        if at and not _JAVA_FRAME.match(lines[at - 1].text) and _JAVA.match(lines[at - 1].text)
    ]
    if not tops:
        return []
    causes = [line.text.strip() for line in lines[tops[-1] :] if _JAVA_CAUSE.match(line.text)]
    return [lines[tops[-1]].shown.strip(), *causes[-1:]]


# Of `sqlfluff lint`, and of `sqlfluff fix` for what it cannot mend.
_SQLFLUFF_FILE = re.compile(r"\s*== \[(?P<path>.*)\] (?:FAIL|==)")
_SQLFLUFF = re.compile(r"\s*L: *(?P<line>\d+) \| P: *(?P<at>\d+) \| *(?P<code>\w+) \| (?P<said>.*)")
_SQLFLUFF_MORE = re.compile(r" +\| (?P<said>.*)")
# A file that cannot be parsed or rendered, which is worse than any matter of style.
_SQLFLUFF_BROKEN = ("PRS", "TMP")


def sqlfluff(lines: Lines) -> list[str]:
    """Violations, each in a line and the worst first, below their number."""
    path, found = "", list[tuple[str, str]]()
    for line in lines:
        if file := _SQLFLUFF_FILE.fullmatch(line.text):
            path = file["path"]
        elif one := _SQLFLUFF.match(line.text):
            place = f"{path}:{one['line']}:{one['at']}"
            found.append((one["code"], f"{place} {one['code']} {one['said']}"))
        elif found and (more := _SQLFLUFF_MORE.match(line.text)):
            code, said = found[-1]
            found[-1] = code, f"{said} {more['said']}"
    if not found:
        return []
    found.sort(key=lambda one: one[0] not in _SQLFLUFF_BROKEN)
    return [f"{counted(len(found), 'violation')}:", *(said for _, said in found)]


_SODA_HEAD = "checks FAILED:"
_SODA_FAILED = re.compile(r"\[FAILED\]$")


def soda(lines: Lines) -> list[str]:
    """How many checks failed, and which."""
    heads = [at for at, line in enumerate(lines) if line.text.rstrip().endswith(_SODA_HEAD)]
    if not heads:
        return []
    at = heads[-1]
    failed = [line.text.strip() for line in lines[at:] if _SODA_FAILED.search(line.text)]
    return [lines[at].text.strip(), *failed[: MAX_LINES - 1]]


_HOOK = re.compile(r"(?P<name>\S.{0,78}?)\.{3,}(?:\(.*\))?(?P<state>Passed|Failed|Skipped)")
_ABOUT_A_HOOK = re.compile(r"- (?:hook id|exit code|duration): .*")


def failed_hooks(lines: Lines) -> tuple[list[str], list[LogLine]]:
    """The names of pre-commit's hooks that failed, and what the first of them printed."""
    failed: list[str] = []
    said: list[LogLine] = []
    inside = False
    for line in lines:
        if hook := _HOOK.fullmatch(line.text):
            inside = hook["state"] == "Failed" and not failed
            if hook["state"] == "Failed":
                failed.append(hook["name"])
        elif inside and line.text.strip() and not _ABOUT_A_HOOK.fullmatch(line.text):
            said.append(line)
    return failed, said


_PYTEST_SUMMARY = re.compile(r"=+ short test summary info =+")
_PYTEST_FAILED = re.compile(r"(?:FAILED|ERROR) \S+(?: - .*)?")
_PYTEST_REASON = re.compile(r"E   +(?P<said>\S.*)")


def pytest(lines: Lines) -> list[str]:
    """The tests that failed, the first of them with what it raised."""
    if not any(_PYTEST_SUMMARY.fullmatch(line.text) for line in lines):
        return []
    failed = [line.shown for line in lines if _PYTEST_FAILED.fullmatch(line.shown)]
    raised = [said["said"] for line in lines if (said := _PYTEST_REASON.match(line.text))]
    if failed and raised and " - " not in failed[0]:
        failed[0] += f" - {raised[0]}"
    return failed[:MAX_LINES]


_TERRAFORM_ERROR = re.compile(r"│ Error: (?P<said>.*)")
_TERRAFORM_PLACE = re.compile(r"│ +(?:on \S+ line \d+.*|(?:with|\d+:|├|│) .*)")


def terraform(lines: Lines) -> list[str]:
    """The first error, and what explains it below the place that it names."""
    at = next((at for at, line in enumerate(lines) if _TERRAFORM_ERROR.match(line.text)), None)
    if at is None:
        return []
    below = [
        text.removeprefix("│").strip()
        for text in _to(lines[at + 1 :], "╵")
        if not _TERRAFORM_PLACE.match(text)
    ]
    title = lines[at].text.removeprefix("│").strip()
    explained = " ".join(_first_paragraph(below))
    return [f"{title}: {explained}" if explained else title]


_BOX_TOP = re.compile(r"[╭┌┏][─━]+ (?P<title>[^─━]+) [─━]+[╮┐┓]")
_MARKS = tuple("✗✘❌✖")


def box(lines: Lines) -> list[str]:
    """The first paragraph, as one line, of the last box that Rich draws around an error."""
    for at in range(len(lines) - 1, -1, -1):
        if top := _BOX_TOP.fullmatch(lines[at].text.strip()):
            inside = [text.strip("│┃ ") for text in _to(lines[at + 1 :], "╰└┗")]
            paragraph = _first_paragraph(inside)
            if paragraph and (top["title"].endswith("Error") or paragraph[0].startswith(_MARKS)):
                return [" ".join(paragraph)]
    return []


_TREE_TOP = re.compile(r"\s*\N{MULTIPLICATION SIGN} (?P<said>\S.*)")
_TREE_CAUSE = re.compile(r"\s*[├╰]─▶ (?P<said>.*)")


def tree(lines: Lines) -> list[str]:
    """What went wrong, and the deepest of the causes that are drawn as a tree below it."""
    for at in range(len(lines) - 1, 0, -1):
        top = _TREE_TOP.fullmatch(lines[at - 1].text)
        if top and _TREE_CAUSE.fullmatch(lines[at].text):
            causes: list[str] = []
            for line in lines[at:]:
                if cause := _TREE_CAUSE.fullmatch(line.text):
                    causes.append(cause["said"])
                elif not line.text.strip():
                    break
                else:
                    causes[-1] += f" {line.text.strip('│ ')}"
            return [f"{top['said'].rstrip(':')}:", causes[-1]]
    return []


_NPM = re.compile(r"npm (?:error|ERR!) ?(?P<said>.*)")
_NPM_FIELD = re.compile(
    r"(?:code|errno|syscall|path|dest|file|cwd|signal|workspace|location|command) .*"
)


def npm(lines: Lines) -> list[str]:
    """Its first paragraph that is more than codes and places, as one line."""
    said = [found["said"].strip() for line in lines if (found := _NPM.fullmatch(line.text))]
    paragraph = _first_paragraph([text for text in said if not _NPM_FIELD.fullmatch(text)])
    return [" ".join(paragraph)] if paragraph else []


def _first_paragraph(texts: Sequence[str]) -> list[str]:
    return list(takewhile(bool, dropwhile(operator.not_, texts)))


def _to(lines: Lines, ends: str) -> Iterator[str]:
    """The texts up to a line that begins with one of these characters."""
    for line in lines[:MAX_LINES]:
        if line.text.startswith(tuple(ends)):
            return
        yield line.text
