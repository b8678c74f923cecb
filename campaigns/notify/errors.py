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
    def __init__(self) -> None:
        super().__init__(
            "ENGAGE_NOTIFY_API_KEY does not look like a GOV.UK Notify key: expected a name, "
            "the service id and the secret joined by hyphens, as shown once when the key was made."
        )


class Unavailable(NotifyError, NotifyUnavailable):
    pass


class NotFound(NotifyError):
    status = 404


class SendFault(NotifyError):
    """A send that did not end in an acceptance.

    `error` is Notify's error name, or the kind of fault; `status_code` is None where no answer came.
    """

    def __init__(self, error: str, detail: str = "", status_code: int | None = None) -> None:
        super().__init__(f"{error}: {detail}" if detail else error)
        self.error = error
        self.detail = detail
        self.status_code = status_code


class Refused(SendFault):
    pass


class KeyRejected(SendFault):
    pass


class RateLimited(SendFault):
    pass


class DailyLimitReached(SendFault):
    pass


class NotSent(SendFault):
    pass


class Ambiguous(SendFault):
    pass
