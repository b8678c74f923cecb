"""Messages as the demonstration would send them, to made-up people."""

from campaigns.notify.messages import Outgoing
from campaigns.notify.stand_in import default_seed

SEED = default_seed("Test service")
TEMPLATES = {handle: each["id"] for handle, each in SEED["templates"]["demo"].items()}
KEYS = SEED["services"]["demo"]["api_keys"]
VALUES = {
    "council": "Exampleton Borough Council",
    "deadline": "18 June 2027",
    "link": "https://www.example.org/r/token",
    "privacy_link": "https://www.example.org/privacy",
    "contact_source": "your council tax account",
}


def email(reference: str = "message-1", recipient: str = "resident@example.org", **said: object) -> Outgoing:
    return Outgoing("email", TEMPLATES["email_reminder_en"], reference, VALUES | said, recipient)


def sms(reference: str = "message-1", recipient: str = "07700900123") -> Outgoing:
    return Outgoing("sms", TEMPLATES["sms_reminder_en"], reference, VALUES, recipient)


def letter(reference: str = "message-1", last_line: str = "DE14 1AA") -> Outgoing:
    address = {"address_line_1": "The residents", "address_line_2": "1 Example Street", "address_line_7": last_line}
    return Outgoing("letter", TEMPLATES["letter_reminder_en"], reference, VALUES | address)
