"""What can go wrong between Engage and GOV.UK Notify.

NotifyError
├── RecipientInvalid        a number, address or postal address Notify would refuse, found before sending
├── KeyMalformed            the setting does not look like an API key
├── Unavailable             a question (GET) got no usable answer; asking again is harmless
├── NotFound                Notify does not know this notification, or has forgotten it
└── SendFault
    ├── Refused             400: never try again
    │   └── RecipientRefused    for this number or address alone
    ├── ForEverybody        the same for every message: keep them all, and stop until it is put right
    │   ├── KeyRejected     401, 403: stop every campaign, as they share the key
    │   │   ├── ClockWrong, ServiceClosed, TeamOnly, TrialMode
    │   └── NotPermitted, TemplateUnusable, ValuesMissing    stop this campaign
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


class RecipientRefused(Refused):
    """For what is wrong with this number or address, whatever becomes of others."""


class ForEverybody(SendFault):
    """What is wrong with one message is wrong with all, so they are kept. `remedy` is in Notify's own terms."""

    what = "GOV.UK Notify refuses every message alike"
    remedy = "Put right what GOV.UK Notify says"
    everywhere = False  # whether it is so of every campaign that uses the key

    @property
    def said(self) -> str:
        return f"{self.error}: {self.detail}"[:120] if self.detail else self.error

    def __str__(self) -> str:
        return f"{self.what} ({self.said}), so nothing more is sent until that is put right. {self.remedy}."


class KeyRejected(ForEverybody):
    what = "GOV.UK Notify refused our API key"
    remedy = "Put the right key in ENGAGE_NOTIFY_API_KEY, start the worker again"
    everywhere = True


class ClockWrong(KeyRejected):
    what = "GOV.UK Notify refused us for the time on our clock"
    remedy = "The key is right: the clock of the worker’s machine is over 30 seconds wrong. Set it"


class ServiceClosed(KeyRejected):
    what = "The service is archived or suspended at GOV.UK Notify"
    remedy = "Ask GOV.UK Notify’s support to open it again, or put a key of another service in ENGAGE_NOTIFY_API_KEY"


class TeamOnly(KeyRejected):
    what = "The key is a ‘Team and guest list’ key, which reaches no resident"
    remedy = "At GOV.UK Notify, under ‘API integration’, make a ‘Live’ key, put it in ENGAGE_NOTIFY_API_KEY"


class TrialMode(KeyRejected):
    what = "The service is in trial mode at GOV.UK Notify, so it reaches no resident"
    remedy = "At GOV.UK Notify, under ‘Settings’, choose ‘Request to go live’, wait until it is"


class NotPermitted(ForEverybody):
    what = "The service may not send by this channel"
    remedy = "At GOV.UK Notify, under ‘Settings’, switch it on"


class TemplateUnusable(ForEverybody):
    what = "The template cannot be used at GOV.UK Notify any more"
    remedy = "At GOV.UK Notify, under ‘Templates’, make it again what was approved"


class ValuesMissing(ForEverybody):
    what = "The template at GOV.UK Notify asks for what nobody fills in"
    remedy = "At GOV.UK Notify, under ‘Templates’, take out what it names"


class RateLimited(SendFault):
    sentence = "GOV.UK Notify says we are too fast, so sending pauses for a moment"


class DailyLimitReached(SendFault):
    sentence = "GOV.UK Notify’s limit for today is reached, so sending goes on after midnight UTC"


class NotSent(SendFault):
    sentence = "GOV.UK Notify could not be reached, so the message was not sent"


class Ambiguous(SendFault):
    sentence = "It is not known whether GOV.UK Notify took the message, so its reference will be looked up"
