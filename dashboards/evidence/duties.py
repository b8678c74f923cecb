"""What the law asks of a registration officer and what the Commission's standards look for, with what Engage did for it
and, as plainly, what it did not. The officer adds what was done elsewhere."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Duty:
    """`law` is where it stands. `elsewhere` is what Engage does not do, and somebody else has to show."""

    law: str
    what: str
    here: str
    elsewhere: str


DUTIES = (
    Duty(
        "RPA 1983, section 9A(2)(a)", "Sending the canvass form more than once to any address",
        "Nothing. The reminders in this pack are further contacts and take the place of no form.",
        "Canvass forms and communications, of the council’s electoral management system.",
    ),
    Duty(
        "RPA 1983, section 9A(2)(b)", "House to house inquiries, on one or more occasions",
        "Nothing that is counted here. Engage can say which homes did not answer.",
        "Visits of canvassers, and what came of them.",
    ),
    Duty(
        "RPA 1983, section 9A(2)(c)", "Contact by other means with persons who have no entry in the register",
        "Emails, texts and letters through GOV.UK Notify, as counted below, by ward and group.",
        "Invitations to register under section 9E, whose content is prescribed: none of the messages here is one.",
    ),
    Duty(
        "RPA 1983, section 9A(2)(d)", "Inspecting records that the officer is permitted to inspect",
        "The records that were imported, as listed below, with the day each speaks of.",
        "Records that were inspected without being imported, and the national and local data match.",
    ),
    Duty(
        "RPA 1983, section 9A(2)(e)", "Training persons who carry out the duty",
        "Nothing.",
        "Who was trained in what, and when.",
    ),
    Duty(
        "EAA 2006, section 69", "Encouraging participation",
        "Reminders in plain words, in English and Welsh, that ask somebody to check or register.",
        "Public awareness beyond the messages and posters listed here.",
    ),
)  # fmt: skip

STANDARDS = (
    Duty(
        "EAA 2006, section 67, first outcome", "Registers as accurate and complete as they can be",
        "How complete the register was, ward by ward, with its range; whom reminders went to; what they changed.",
        "Accuracy of entries: reviews, deletions and corrections are of the electoral management system.",
    ),
    Duty(
        "EAA 2006, section 67, second outcome", "Absent voting is accessible",
        "Nothing.", "All of it.",
    ),
    Duty(
        "EAA 2006, section 67, third outcome", "Confidence that registers are managed securely",
        "Two people for each launch, a signed log of every act, contacts kept encrypted and for a time only.",
        "The security of the electoral management system and of the council’s network.",
    ),
)  # fmt: skip

LEGAL_BASIS = (
    "The officer’s duty to maintain complete registers (RPA 1983, sections 9 and 9A) and to encourage participation "
    "(EAA 2006, section 69); personal data under UK GDPR, article 6(1)(e), a task in the public interest. Contacts "
    "came under the lawful basis that each list of them was imported with. Nobody was targeted by party, vote, "
    "ethnicity, religion or health."
)
UNCHECKED = (
    "The sections are cited as Engage’s makers know them. Hold them against the Acts as in force, and the standards as "
    "published, before this document is relied on."
)
