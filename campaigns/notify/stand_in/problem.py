"""The errors of the version 2 API, as Notify words them."""


class Problem(Exception):
    """An answer that is not a success: a status, and one or more (error, message)."""

    def __init__(self, status: int, *errors: tuple[str, str], further: dict[str, object] | None = None) -> None:
        super().__init__(status, *errors)
        self.status = status
        self.errors = errors
        self.further = further or {}

    def body(self) -> dict[str, object]:
        return {
            "status_code": self.status,
            "errors": [{"error": error, "message": message, **self.further} for error, message in self.errors],
        }


def bad_request(message: str, status: int = 400) -> Problem:
    return Problem(status, ("BadRequestError", message))


def invalid(*messages: str) -> Problem:
    return Problem(400, *(("ValidationError", message) for message in messages))


def not_found() -> Problem:
    return Problem(404, ("NoResultFound", "No result found"))


def broken(name: str) -> Problem:
    """What Notify answers where its own code fails: the name of the exception, and nothing else."""
    return Problem(500, (name, "Internal server error"))
