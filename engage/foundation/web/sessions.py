"""Sign-in sessions, kept on the server in `web_session`: the database knows only the hash of the cookie."""

from datetime import timedelta
from typing import Any

from anyio import to_thread
from litestar.connection import ASGIConnection
from litestar.middleware.session.server_side import ServerSideSessionBackend, ServerSideSessionConfig
from litestar.stores.base import Store
from litestar.types import Empty, Message, ScopeSession
from sqlmodel import col, delete

from engage.foundation.identity import WebSession, fingerprint
from engage.foundation.office import Office
from engage.foundation.web.askers.sign_ins import ENDED_KEPT

BEFORE = "engage_session_before"
ROTATE = "rotate"


class SessionStore(Store):
    """Litestar's store over `WebSession`; it asks the office's clock, not the machine's."""

    def __init__(self, office: Office) -> None:
        self.office = office

    async def set(self, key: str, value: str | bytes, expires_in: int | timedelta | None = None) -> None:
        await to_thread.run_sync(self._set, fingerprint(key), value, expires_in)

    async def get(self, key: str, renew_for: int | timedelta | None = None) -> bytes | None:  # noqa: ARG002  # never renewed: a session ends after its hours
        return await to_thread.run_sync(self._get, fingerprint(key))

    async def delete(self, key: str) -> None:
        await to_thread.run_sync(self._delete, fingerprint(key))

    async def delete_all(self) -> None:
        with self.office.database.session() as session:
            session.exec(delete(WebSession))

    async def exists(self, key: str) -> bool:
        return await self.get(key) is not None

    async def expires_in(self, key: str) -> int | None:
        row = await to_thread.run_sync(self._row, fingerprint(key))
        return (
            None if row is None or row.expires is None else int((row.expires - self.office.clock.now()).total_seconds())
        )

    def _set(self, key: str, value: str | bytes, expires_in: int | timedelta | None) -> None:
        life = timedelta(seconds=expires_in) if isinstance(expires_in, int) else expires_in
        now = self.office.clock.now()
        content = value.encode() if isinstance(value, str) else value
        with self.office.database.session() as session:
            session.exec(delete(WebSession).where(col(WebSession.expires) < now))
            session.merge(WebSession(key=key, value=content, expires=now + life if life else None))

    def _row(self, key: str) -> WebSession | None:
        with self.office.database.reading() as session:
            return session.get(WebSession, key)

    def _get(self, key: str) -> bytes | None:
        row = self._row(key)
        over = row is None or (row.expires is not None and row.expires <= self.office.clock.now())
        return None if row is None or over else row.value

    def _delete(self, key: str) -> None:
        with self.office.database.session() as session:
            session.exec(delete(WebSession).where(col(WebSession.key) == key))


class SessionBackend(ServerSideSessionBackend):
    """Litestar's own, made quieter and stricter: visitors without a session get no cookie, an unchanged session is
    not written again, and a sign-in gets a new key, so that nobody can plant one beforehand."""

    async def load_from_connection(self, connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, Any]:
        data = await super().load_from_connection(connection)
        connection.scope["state"][BEFORE] = dict(data)
        return data

    async def store_in_message(
        self, scope_session: ScopeSession, message: Message, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> None:
        before = connection.scope["state"].get(BEFORE, {})
        if scope_session == before or (not before and scope_session in (Empty, {}, None)):
            return
        if isinstance(scope_session, dict) and scope_session.pop(ROTATE, False):
            await self._rotate(connection)
        await super().store_in_message(scope_session or Empty, message, connection)

    async def _rotate(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        store = self.config.get_store_from_app(connection.scope["litestar_app"])
        await store.delete(self.get_session_id(connection))
        connection.cookies.pop(self.config.key, None)
        connection._connection_state.session_id = self.generate_session_id()  # noqa: SLF001  # Litestar has no other way


def session_config(office: Office) -> ServerSideSessionConfig:
    config = ServerSideSessionConfig(
        key=office.settings.cookie("engage"),
        # Longer than a sign-in lasts: by then the server knows whose it was, for what they send too late.
        max_age=office.settings.session_hours * 3600 + int(ENDED_KEPT.total_seconds()),
        secure=office.settings.secure_cookies,
        samesite="lax",
        exclude=["^/assets/", "^/health$", "^/metrics$", "^/notify/", "^/r/", "^/here/", "^/yma/"],
    )
    config._backend_class = SessionBackend  # noqa: SLF001  # a class attribute of Litestar's configuration
    return config
