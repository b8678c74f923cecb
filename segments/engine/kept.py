"""What was worked out from imports, kept in this process until one of them changes: snapshots never do."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlmodel import Session

from engage.foundation.lake import standing
from engage.foundation.office import Office

Answer = TypeVar("Answer")


class Kept(Generic[Answer]):
    """One answer for each authority of an office, as long as the same snapshots of these kinds count; of large ones
    `most`, those asked for last. Whoever gets one shares it, and changes nothing in it."""

    def __init__(self, *kinds: str, most: int | None = None) -> None:
        self._kinds, self._most = kinds, most
        self._known: WeakKeyDictionary[Office, dict[str, tuple[Hashable, Answer]]] = WeakKeyDictionary()

    def of(
        self, office: Office, session: Session, authority: str, work: Callable[[], Answer], *, also: Hashable = ()
    ) -> Answer:
        """`also` is what the answer follows from besides."""
        state = standing(session, authority, self._kinds), also
        known = self._known.setdefault(office, {})
        before, answer = known.get(authority, (None, None))
        if before != state or answer is None:
            answer = work()
            known[authority] = state, answer
        self._let_go(known, authority)
        return answer

    def _let_go(self, known: dict[str, tuple[Hashable, Answer]], last: str) -> None:
        if self._most:
            known[last] = known.pop(last)
            for authority in list(known)[: -self._most]:
                known.pop(authority)
