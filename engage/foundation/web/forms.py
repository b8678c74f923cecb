"""What a person typed into a form, and what is wrong with it, kept together so that nothing is typed twice."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from litestar import Request
from litestar.datastructures import FormMultiDict, UploadFile

from engage.foundation.errors import InputRefused
from engage.foundation.languages.catalogue import gettext

YEAR = re.compile(r"(?:19|2[0-9])[0-9]{2}")  # 26 is no year, and neither is 0026


class Form:
    """Values by field name, and one error sentence per field, in the order they were found."""

    def __init__(self, values: FormMultiDict | dict[str, Any] | None = None) -> None:
        self._values = values if isinstance(values, FormMultiDict) else FormMultiDict.from_form_data(values or {})
        self.errors: dict[str, str] = {}

    def text(self, name: str) -> str:
        value = self._values.get(name)
        return value.strip() if isinstance(value, str) else ""

    def secret(self, name: str) -> str:
        """A password may begin or end with a space."""
        value = self._values.get(name)
        return value if isinstance(value, str) else ""

    def all(self, name: str) -> list[str]:
        return [value for value in self._values.getall(name, []) if isinstance(value, str)]

    def names(self) -> list[str]:
        return list(self._values)

    def file(self, name: str) -> UploadFile | None:
        value = self._values.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    def day(self, name: str) -> date | None:
        """Three fields, as the date input has them: `name-day`, `name-month`, `name-year`."""
        parts = [self.text(f"{name}-{part}") for part in ("year", "month", "day")]
        if not YEAR.fullmatch(parts[0]):
            return None
        try:
            return date(*(int(part) for part in parts))
        except ValueError:
            return None

    def require(self, name: str, message: str) -> str:
        value = self.text(name)
        return value or self.fail(name, message)

    def require_day(self, name: str, what: str) -> date | None:
        day = self.optional_day(name, what)
        if day is None:
            self.fail(name, f"Enter {what[0].lower()}{what[1:]}")
        return day

    def optional_day(self, name: str, what: str) -> date | None:
        """None where nothing was entered; what is no day is told."""
        day = self.day(name)
        if day is None and any(self.text(f"{name}-{part}") for part in ("day", "month", "year")):
            year = self.text(f"{name}-year")
            wrong_year = year and not YEAR.fullmatch(year)
            self.fail(
                name, f"{what} must {'have a year of four digits, such as 2026' if wrong_year else 'be a real date'}"
            )
        return day

    def fail(self, name: str, message: str) -> str:
        """`message` in the language of the reader, where the catalogue has it."""
        self.errors.setdefault(name, gettext(message))
        return ""

    @contextmanager
    def blaming(self, name: str) -> Iterator[None]:
        """What a room refuses is shown at the field that caused it."""
        try:
            yield
        except InputRefused as refused:
            self.fail(name, str(refused))

    @property
    def valid(self) -> bool:
        return not self.errors


async def provide_form(request: Request[Any, Any, Any]) -> Form:
    return Form(await request.form())
