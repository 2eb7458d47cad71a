"""The tables of rules and forms: each entry's example is taken by it, and comes to what it says."""

import pytest

from functions.findings.logs import forms
from functions.findings.logs.forms import Form, fits
from functions.findings.logs.reading import read
from functions.findings.logs.rules import RULES, Rule
from functions.findings.logs.telling import tell, telling_line

TABLES = {
    name: getattr(forms, name)
    for name in ("HEADINGS", "VAGUE", "CAUSES", "REMARKS", "IGNORED", "NOISE")
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_example_of_a_rule_is_taken_by_no_rule_above_it(rule: Rule) -> None:
    reason = read([rule.example]).reason
    assert reason is not None
    assert reason.rule is rule
    assert telling_line("\n".join(reason.lines)) == rule.told


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(form, id=f"{name}: {form.example}"[:60])
        for name, table in TABLES.items()
        for form in table
    ],
)
def test_the_example_of_a_form_has_it(form: Form) -> None:
    assert fits((form,), form.example.strip())


@pytest.mark.parametrize("form", forms.HEADINGS, ids=lambda form: form.example[:40])
def test_a_heading_is_left_out_over_a_point(form: Form) -> None:
    assert tell([form.example, "  relation x does not exist"]) == ["relation x does not exist"]


@pytest.mark.parametrize("form", forms.VAGUE, ids=lambda form: form.example[:40])
def test_below_a_vague_line_the_next_is_told_too(form: Form) -> None:
    assert tell([form.example, "relation x is gone"])[-1] == "relation x is gone"


@pytest.mark.parametrize("form", forms.REMARKS, ids=lambda form: form.example[:40])
def test_a_remark_is_never_told(form: Form) -> None:
    assert tell(["Compilation failed:", form.example, "no such macro"]) == [
        "Compilation failed:",
        "no such macro",
    ]


@pytest.mark.parametrize("form", forms.NOISE, ids=lambda form: form.example[:40])
def test_noise_does_not_stand_for_a_reason(form: Form) -> None:
    assert read([f"copying orders\n{form.example}"]).last == ("copying orders",)
