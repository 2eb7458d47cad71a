"""The pages as HTML: the templates of this folder, with the style of a run's page."""

from pathlib import Path
from typing import Any

from cli.serve import answer, routes
from cli.serve.answer import Answer
from functions.report.page import environment, style_sheet

_TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, view: dict[str, Any]) -> bytes:
    addresses = {
        "schedule_address": routes.schedule_address,
        "run_address": routes.run_address,
        "node_address": routes.node_address,
    }
    text = environment(_TEMPLATES).get_template(template).render(view, **addresses)
    return text.encode(errors="replace")


def style() -> Answer:
    own = (_TEMPLATES / "serve.css").read_text(encoding="utf-8")
    return answer.style((style_sheet() + own).encode())


def problem(status: int, title: str, text: str) -> Answer:
    """A page that says why there is no other."""
    return answer.page(render("problem.html", {"title": title, "text": text}), status=status)


def welcome(cookie: str) -> Answer:
    """Goes on to the first page. Not a redirect: if another site's page had led here, the browser
    would keep back the cookie on the way.
    """
    body = render("welcome.html", {})
    return Answer(length=len(body), body=[body], headers={"Set-Cookie": cookie})
