"""What is shown for an address, read from the stack."""

from dataclasses import dataclass, field
from threading import Lock

from botocore.exceptions import BotoCoreError, ClientError

from cli.serve import answer, home, node, pages, run, schedule
from cli.serve.answer import Answer
from cli.serve.files import stored_file
from cli.serve.routes import Home, NodePage, RunFile, RunPage, SchedulePage, Style, route
from cli.stack.target import Target
from cli.terminal.errors import RunUnknownError


@dataclass(frozen=True, slots=True)
class Site:
    target: Target
    # boto3's resources, through which pages are read, are not safe between threads.
    _reading: Lock = field(default_factory=Lock)

    def answer(self, address: str) -> Answer:
        """Says so on a page if there is nothing there, or AWS refuses."""
        try:
            return self._answer(address)
        except RunUnknownError as e:
            return pages.problem(404, "There is no such run.", str(e))
        except (ClientError, BotoCoreError) as e:
            return pages.problem(502, "AWS did not answer as expected.", str(e))

    def _answer(self, address: str) -> Answer:
        asked = route(address)
        if isinstance(asked, Style):
            return pages.style()
        with self._reading:
            match asked:
                case Home(wanted):
                    found = answer.page(home.page(self.target, wanted))
                case SchedulePage():
                    found = answer.page(schedule.page(self.target, asked))
                case RunPage():
                    found = run.page(self.target, asked)
                case RunFile():
                    found = stored_file(self.target, asked)
                case NodePage(name):
                    found = answer.page(node.page(self.target, name))
                case None:
                    found = pages.problem(404, "There is nothing here.", "Start at the schedules.")
        return found
