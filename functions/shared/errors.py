"""Every error of our own that is raised in Lambda.

RunArchiveError
├── NotUnderstoodError        a delivery, a message or an artifact has the wrong content
├── TooLargeError             something does not fit where it has to be stored
├── UnavailableError          an AWS service failed
├── SignatureError            a delivery cannot be shown to come from Paradime
├── SupersededError           a later event or another fetch overtook this one
├── GivenUpError              retrying cannot help
│   ├── RunNotFoundError      the pointer names a run that has no record
│   └── AddressRefusedError   we send nothing to this address
├── TryAgainError             Paradime cannot provide it now, but may later
│   ├── CredentialsMissingError  there are no credentials for the run's workspace
│   ├── ApiFailingError       Paradime's API is failing, whatever it is asked
│   │   ├── CredentialsRefusedError  or refuses our credentials
│   │   ├── QueryRefusedError     or refuses one query
│   │   └── AskedToWaitError  or asks for a longer wait than a sweep has time for
│   ├── AnswerTooLargeError   an API response does not fit in memory
│   ├── NotThereError         Paradime does not have it, or not yet
│   ├── LinkRefusedError      a download link was refused
│   └── OutOfTimeError        the function's time is nearly over
├── TooManyBytesError         a file exceeds `maxArtifactMiB`
└── FunctionSettingsError     a function's environment lacks a setting

An error decides what becomes of the message that met it, and the handlers ask the error. An
exception that is not listed here is a bug of ours: the message is left alone, and is received again
after the queue's visibility timeout.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import ClassVar


class Disposition(Enum):
    """What becomes of a message on the run queue."""

    RETRY = auto()
    """it is received again after a growing delay; the last time, it becomes a dead letter"""
    RESUME = auto()
    """it is received again at once, since some of the work was done"""
    OVERTAKEN = auto()
    """it is received again after a growing delay; the last time, a new message takes its place"""
    DEAD_LETTER = auto()
    """retrying cannot help: it waits in the dead-letter queue for a person"""


class RunArchiveError(Exception):
    """The base class.

    `status` is what ingest answers to a delivery that met the error. `retry_after` is the wait
    that the other side asked for, in seconds.
    """

    disposition: ClassVar[Disposition] = Disposition.RETRY
    status: ClassVar[int] = 503
    retry_after: float | None = None


class NotUnderstoodError(RunArchiveError):
    """A genuine delivery, a message or an artifact whose content does not match its model."""

    disposition = Disposition.DEAD_LETTER


class TooLargeError(RunArchiveError):
    """Something does not fit where it has to be stored."""

    status = 413


class UnavailableError(RunArchiveError):
    """An AWS service failed or refused; the message names the service and its error code."""


class SignatureError(RunArchiveError):
    """A delivery cannot be shown to come from Paradime; the answer to it does not say why."""

    status = 401


class SupersededError(RunArchiveError):
    """A later event of the run was recorded meanwhile, or another fetch was faster."""

    disposition = Disposition.OVERTAKEN


class GivenUpError(RunArchiveError):
    """Retrying cannot help."""

    disposition = Disposition.DEAD_LETTER


class RunNotFoundError(GivenUpError):
    """The pointer names a run that has no record."""


class AddressRefusedError(GivenUpError):
    """We send nothing to this address."""


class TryAgainError(RunArchiveError):
    """Paradime cannot provide it now, but may later."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CredentialsMissingError(TryAgainError):
    """The API secret has no usable credentials for the run's workspace; they may be added yet."""


class ApiFailingError(TryAgainError):
    """Paradime's API cannot be reached or does not respond as an API, whatever it is asked."""


class CredentialsRefusedError(ApiFailingError):
    """Paradime's API answered 401 or 403; the credentials may have been rotated since."""


class QueryRefusedError(ApiFailingError):
    """Paradime's API answered 400: it does not know the query, or is failing."""


class AskedToWaitError(ApiFailingError):
    """Paradime's API asked for a longer wait than a sweep spends on one workspace."""


class AnswerTooLargeError(TryAgainError):
    """Paradime's API answered more than fits in memory; asked for less, it may work."""


class NotThereError(TryAgainError):
    """Paradime says that it does not have the file: perhaps not yet, perhaps never."""


class LinkRefusedError(TryAgainError):
    """The store refused the link: it has expired, or its signer may not read.

    Not a NotThereError: if a signer lost its rights for a day, every file would count as missing.
    """


class OutOfTimeError(TryAgainError):
    """The function's time is nearly over."""

    disposition = Disposition.RESUME


class TooManyBytesError(RunArchiveError):
    """A file is larger than the setting `maxArtifactMiB` allows."""

    disposition = Disposition.DEAD_LETTER


class FunctionSettingsError(RunArchiveError):
    """A function's environment lacks settings, or has others; its values are not quoted."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"missing or invalid settings: {', '.join(names)}")
        self.names = names
