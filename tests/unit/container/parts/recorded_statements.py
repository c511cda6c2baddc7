"""A connection to PostgreSQL that notes its statements and answers from a table."""

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Self

import psycopg
from psycopg import sql

from tests.unit.container.simulation.postgresql import Rows


class RecordedConnection:
    """Answers a statement with the rows of the first of `answers` whose text is in it, or raises that error.

    A list of lists answers one call after another; the last one stays.
    """

    def __init__(self, answers: Mapping[str, Any] | None = None) -> None:
        self._answers = dict(answers or {})
        self.statements: list[tuple[str, tuple[Any, ...]]] = []
        self.encrypted: list[tuple[bytes, ...]] = []
        self.pgconn = SimpleNamespace(encrypt_password=self._encrypt)

    @property
    def texts(self) -> list[str]:
        """The statements without their parameters."""
        return [text for text, _ in self.statements]

    def parameters(self, part: str) -> list[tuple[Any, ...]]:
        """Return the parameters of each statement that contains a text."""
        return [given for text, given in self.statements if part in text]

    async def execute(self, query: str | sql.Composed, parameters: Sequence[Any] = ()) -> Rows:
        """Note a statement and answer it."""
        text = " ".join((query if isinstance(query, str) else query.as_string(None)).split())
        self.statements.append((text, tuple(parameters)))
        nothing: Any = []
        answer = next((found for part, found in self._answers.items() if part in text), nothing)
        if isinstance(answer, psycopg.Error):
            raise answer
        if isinstance(answer, Rows):
            return answer
        if answer and isinstance(answer[0], list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return Rows(list(answer))

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None, None]:
        """Note the beginning and the end."""
        self.statements.append(("BEGIN", ()))
        try:
            yield
        except BaseException:
            self.statements.append(("ROLLBACK", ()))
            raise
        self.statements.append(("COMMIT", ()))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.statements.append(("CLOSE", ()))

    def _encrypt(self, *given: bytes) -> bytes:
        self.encrypted.append(given)
        return b"SCRAM-SHA-256$verifier"
