"""What can go wrong between Engage and GOV.UK Notify.

NotifyError
├── RecipientInvalid        a number, address or postal address Notify would refuse, found before sending
├── KeyMalformed            the setting does not look like an API key
├── Unavailable             a question (GET) got no usable answer; asking again is harmless
├── NotFound                Notify does not know this notification, or has forgotten it
└── SendFault
    ├── Refused             400: never try again
    ├── KeyRejected         401, 403: stop the whole queue
    ├── RateLimited         429: stop all workers for a moment
    ├── DailyLimitReached   429: not before 00:00 UTC
    ├── NotSent             the request certainly never arrived
    └── Ambiguous           nobody knows: settle it by reference, at least 60 seconds later
"""

from engage.foundation.errors import EngageError, NotifyUnavailable


class NotifyError(EngageError):
    status = 503


class RecipientInvalid(NotifyError):
    """Says what is wrong in Notify's words, which never repeat the value."""

    status = 422


class KeyMalformed(NotifyError):
    """Never repeats the key."""

    def __init__(
        self,
        message: str = "ENGAGE_NOTIFY_API_KEY does not look like a GOV.UK Notify key: expected a name, the service "
        "id and the secret joined by hyphens, as shown once when the key was made.",
    ) -> None:
        super().__init__(message)


class Unavailable(NotifyError, NotifyUnavailable):
    pass


class NotFound(NotifyError):
    status = 404


class SendFault(NotifyError):
    """A send that did not end in an acceptance.

    `error` is Notify's error name, or the kind of fault; `status_code` is None where no answer came.
    """

    sentence = "GOV.UK Notify did not take the message"

    def __init__(self, error: str, detail: str = "", status_code: int | None = None) -> None:
        # All arguments go up, so that the fault survives pickling between processes.
        super().__init__(error, detail, status_code)
        self.error = error
        self.detail = detail
        self.status_code = status_code

    def __str__(self) -> str:
        reason = f"{self.error}: {self.detail}" if self.detail else self.error
        return f"{self.sentence} ({reason})."


class Refused(SendFault):
    sentence = "GOV.UK Notify refused this message, so it will not be tried again"


class KeyRejected(SendFault):
    sentence = "GOV.UK Notify refused our key, so nothing more is sent until that is put right"


class RateLimited(SendFault):
    sentence = "GOV.UK Notify says we are too fast, so sending pauses for a moment"


class DailyLimitReached(SendFault):
    sentence = "GOV.UK Notify’s limit for today is reached, so sending goes on after midnight UTC"


class NotSent(SendFault):
    sentence = "GOV.UK Notify could not be reached, so the message was not sent"


class Ambiguous(SendFault):
    sentence = "It is not known whether GOV.UK Notify took the message, so its reference will be looked up"
