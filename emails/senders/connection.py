"""One HTTP connection to the provider, kept open between requests, whose every phase we can tell apart.

The `sendgrid` package's client (python_http_client on urllib) opens a connection for every message, has one time-out
for each socket operation, reports every failure as the same URLError, and logs the API key at DEBUG. `http.client`
keeps connect, write and read apart, and that difference is what decides between "try again" and "unknown".
"""

import http.client
import select
import ssl
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from emails.senders.base import NotSentError, UnknownOutcomeError, deadline, in_short

CONNECT_SECONDS = 10.0
TOTAL_SECONDS = 30.0
IDLE_SECONDS = 20.0  # a connection that rested longer may have been forgotten on the way, without a word to us

_LONGEST_ANSWER = 4 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """What the provider said."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Connection:
    """Requests to one host, one at a time, each with its own total time-out. The API key goes into one header only.

    Threads may share it: each waits for its turn.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._open: http.client.HTTPConnection | None = None
        parts = urlsplit(base_url)
        self._https = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._https else 80)
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._context = context
        self._rested_since = 0.0
        self._turn = threading.Lock()

    def post(self, path: str, body: bytes) -> Answer:
        """POST JSON.

        Raises:
            NotSentError: proven, the request was not handed over.
            UnknownOutcomeError: it may have been taken.
        """
        return self._request("POST", path, body)

    def get(self, path: str) -> Answer:
        """GET. Raises the same."""
        return self._request("GET", path, None)

    def close(self) -> None:
        """Let go of the connection; the next request opens another."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def __del__(self) -> None:
        self.close()

    def _request(self, method: str, path: str, body: bytes | None) -> Answer:
        with self._turn:
            connection = self._usable() or self._connect()
            kept = False
            try:
                with deadline(lambda: connection.sock, self._total_seconds):
                    answer = self._exchange(connection, method, path, body)
                kept = connection.sock is not None  # http.client has closed it where the server asked for that
                return answer
            finally:
                if kept:
                    self._rested_since = time.monotonic()
                else:
                    self.close()

    def _usable(self) -> http.client.HTTPConnection | None:
        """The open connection, unless it rested too long or the other side has hung up meanwhile."""
        if self._open is None or self._open.sock is None:
            return None
        rested = time.monotonic() - self._rested_since
        if rested > IDLE_SECONDS or select.select([self._open.sock], [], [], 0)[0]:
            self.close()
        return self._open

    def _connect(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection
        if self._https:
            self._context = self._context or ssl.create_default_context()
            connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=self._connect_seconds, context=self._context
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self._connect_seconds)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise NotSentError(f"No connection to {self._host}: {in_short(error)}", concerns_all=True) from None
        connection.sock.settimeout(self._total_seconds)
        self._open = connection
        return connection

    def _exchange(self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None) -> Answer:
        written = False
        headers = {**self._headers, "Content-Type": "application/json"} if body is not None else self._headers
        try:
            connection.request(method, self._prefix + path, body, headers)
            written = True
        except OSError as error:
            failure = in_short(error)  # the server may have answered and hung up while we were still writing
        try:
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read(_LONGEST_ANSWER))
            if not response.isclosed():
                connection.close()  # longer than anything of use: what is left must not be taken for the next answer
            return answer
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if not written:
                raise NotSentError(f"The request could not be written: {failure}", concerns_all=True) from None
            raise UnknownOutcomeError(f"No answer to the request: {in_short(error)}") from None
        finally:
            if not written:
                connection.close()
