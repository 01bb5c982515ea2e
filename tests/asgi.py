"""An ASGI application, asked by tests as a WSGI application is: `werkzeug.test.Client(Loop().around(application))`."""

import asyncio
from collections.abc import Coroutine, Iterable, MutableMapping
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from survey.front.app import Front


class Loop:
    """An event loop that runs while something is asked."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run it to its end; it has the caller's context, so a fixed clock is fixed there too."""
        return self._loop.run_until_complete(work)

    def around(self, front: Front) -> WSGIApplication:
        """The application for one who speaks WSGI."""

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            status, headers, body = self.run(asked(front, environ))
            start_response(f"{status} ?", headers)
            return [body]

        return answer

    def close(self) -> None:
        """End it; whoever is waited for in threads is let go."""
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


async def asked(front: Front, environ: WSGIEnvironment) -> tuple[int, list[tuple[str, str]], bytes]:
    """The status, headers and body of the answer to one request."""
    names = {"CONTENT_TYPE": b"content-type", "CONTENT_LENGTH": b"content-length"}
    headers = [
        (names.get(name) or name[5:].lower().replace("_", "-").encode(), str(value).encode("latin-1"))
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name in names and value)
    ]
    scope = {
        "type": "http",
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"].encode("latin-1").decode(),
        "query_string": environ["QUERY_STRING"].encode("latin-1"),
        "headers": headers,
        "client": (environ.get("REMOTE_ADDR", "127.0.0.1"), 1),
        "server": (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
        "scheme": environ["wsgi.url_scheme"],
        "http_version": "1.1",
    }
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: MutableMapping[str, Any]) -> None:
        sent.append(event)

    await front(scope, receive, send)
    given = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0]["headers"]]
    return sent[0]["status"], given, b"".join(event["body"] for event in sent[1:])
