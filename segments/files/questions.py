"""What only a person can tell to be right: it waits for a yes, on the page or by command, before anything comes in."""

from dataclasses import dataclass

FEWER = "fewer"


@dataclass(frozen=True)
class Question:
    """A problem of a whole file that waits for a yes. `kind` names it, in small letters and hyphens, once to a report;
    `sentence` says what was found and the likely cause, and shows no content of the file that could be personal; the
    page asks `ask`, is answered by ticking `yes`, and says `confirm` where nobody did."""

    kind: str
    sentence: str
    ask: str = "Is this right?"
    yes: str = "Yes, import it all the same"
    confirm: str = "Confirm that this is right, or do not import the file"
