"""Every error that what runs in Lambda raises of its own.

RunArchiveError
├── NotUnderstoodError        a delivery, a message or an artifact that is not what it should be
├── TooLargeError             does not fit where it has to be stored
├── UnavailableError          an AWS service did not do its part
├── SignatureError            a delivery is not shown to come from Paradime
├── SupersededError           a later event, or another fetch, came while an archive was made
├── GivenUpError              trying again cannot help
│   ├── RunNotFoundError      the pointer names a run that has no record
│   └── AddressRefusedError   the address is not one that we send to
├── TryAgainError             Paradime cannot give it now; later it may
│   ├── CredentialsMissingError  no credentials for the run's workspace
│   ├── ApiFailingError       Paradime's API is out of order, whatever it is asked
│   │   ├── CredentialsRefusedError  or does not take our credentials
│   │   └── AskedToWaitError  or asks for a longer wait than a sweep has for it
│   ├── AnswerTooLargeError   an answer of the API that memory cannot hold
│   ├── NotThereError         Paradime does not have it, or not yet
│   ├── LinkRefusedError      a download link is not taken
│   └── OutOfTimeError        the function's own time is nearly over
├── TooManyBytesError         a file over `maxArtifactMiB`
└── FunctionSettingsError             a function's environment lacks a setting
"""

from collections.abc import Sequence


class RunArchiveError(Exception):
    """Base of all errors of this project."""


class NotUnderstoodError(RunArchiveError):
    """A genuine delivery, a message or an artifact whose content is not what its model says."""


class TooLargeError(RunArchiveError):
    """Something does not fit where it has to be stored."""


class UnavailableError(RunArchiveError):
    """An AWS service failed or refused; the message names the service and its error code."""


class SignatureError(RunArchiveError):
    """A delivery is not shown to come from Paradime; why, no answer to it says."""


class SupersededError(RunArchiveError):
    """A later event of the run was recorded, or another fetch was faster, meanwhile."""


class GivenUpError(RunArchiveError):
    """Trying again cannot help; the pointer belongs in the dead-letter queue."""


class RunNotFoundError(GivenUpError):
    """The pointer names a run that has no record."""


class AddressRefusedError(GivenUpError):
    """The address is not one to which we send anything."""


class TryAgainError(RunArchiveError):
    """Paradime cannot give it now; `retry_after` is the wait that it asked for, in seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CredentialsMissingError(TryAgainError):
    """The API secret lacks usable credentials for the run's workspace; they may be stored yet."""


class ApiFailingError(TryAgainError):
    """Paradime's API cannot be reached or does not answer as an API does, whatever it is asked."""


class CredentialsRefusedError(ApiFailingError):
    """Paradime's API answered 401 or 403; they may have been rotated since we read them."""


class AskedToWaitError(ApiFailingError):
    """Paradime's API asked for a longer wait than a sweep spends on one workspace."""


class AnswerTooLargeError(TryAgainError):
    """Paradime's API answered more than memory can hold; asked for less, it may do."""


class NotThereError(TryAgainError):
    """Paradime says that it does not have the file: perhaps not yet, perhaps never."""


class LinkRefusedError(TryAgainError):
    """The store refused the link: it has expired, or its signer may not read.

    Not NotThereError: a signer that has lost its rights for a day would else cost all files.
    """


class OutOfTimeError(TryAgainError):
    """The function's own time is nearly over."""


class TooManyBytesError(RunArchiveError):
    """A file is larger than the setting `maxArtifactMiB` allows."""


class FunctionSettingsError(RunArchiveError):
    """A function's environment lacks settings, or has others; its values are not quoted."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"not set, or not to what they take: {', '.join(names)}")
        self.names = names
