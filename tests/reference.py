"""docs/reference.md, read back by its sections of second level."""

import re

from tools.reference import REFERENCE

SECTIONS = dict(
    re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", REFERENCE.read_text("utf-8"), re.M | re.S)
)


def tables(section: str) -> list[list[list[str]]]:
    """The section's tables, each as its rows' cells without their code marks."""
    found: list[list[list[str]]] = []
    for block in re.findall(r"(?:^\|.*\n)+", SECTIONS[section], re.M):
        rows = [line[1:-1].split("|") for line in block.splitlines()[2:]]
        found.append([[cell.strip("` ") for cell in row] for row in rows])
    return found


def examples(section: str) -> list[str]:
    return re.findall(r"```json\n(.*?)```", SECTIONS[section], re.S)
