"""The HTTP routes of a grading service; autorl_bench's clients use them unchanged. No route sets anything."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import Future
from typing import Any, Final, Protocol, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from posttrace.runner.grading.record import RecordLostError
from posttrace.runner.grading.submission import Answer, RefusedError, Submission

_T = TypeVar("_T")
MAX_BODY_BYTES: Final = 64 << 10
READ_TIMEOUT_S: Final = 10.0


class Backend(Protocol):
    """What the routes need of a service. Its methods return at once; ``RefusedError`` becomes its status."""

    def submit(self, path: str, client_ts: str | None) -> Future[Submission]:
        """Take a submission in."""
        ...

    def refused(self, kind: str, what: str, **evidence: Any) -> None:
        """Record a request that was refused, as a flag of this kind."""
        ...

    def submissions(self) -> list[Submission]:
        """All submissions so far, in order."""
        ...

    def time(self) -> dict[str, Any]:
        """Body of ``/time``."""
        ...

    def health(self) -> dict[str, str]:
        """Body of ``/health``."""
        ...


class SubmitBody(msgspec.Struct):
    """Body of ``POST /submit``; whatever else a client sends (``gpu``) is not used."""

    model_path: str
    client_ts: str | None = None


def build_app(backend: Backend, token: str, read_timeout_s: float = READ_TIMEOUT_S) -> Starlette:
    """Return the app of one service; every route lies under ``/r/<token>``."""
    routes = _Routes(backend, token, read_timeout_s)
    prefix = "/r/{token}"
    return Starlette(
        routes=[
            Route(prefix + "/submit", routes.submit, methods=["POST"]),
            Route(prefix + "/submissions", routes.listing),
            Route(prefix + "/submissions/{number}", routes.one),
            Route(prefix + "/time", routes.time),
            Route(prefix + "/health", routes.health),
        ],
        exception_handlers={
            HTTPException: routes.on_http_error,
            RefusedError: routes.on_refusal,
            RecordLostError: routes.on_lost_record,
        },
    )


class _Routes:
    def __init__(self, backend: Backend, token: str, read_timeout_s: float) -> None:
        self._backend, self._token, self._read_timeout_s = backend, token.encode(), read_timeout_s

    async def submit(self, request: Request) -> Response:
        """Take a submission in and wait for its end, or with ``?wait=0`` answer at once."""
        self._check_token(request)
        body = self._decode(await self._read(request))
        submission = await _result(self._backend.submit(body.model_path, body.client_ts))
        if request.query_params.get("wait") in ("0", "false"):
            poll = f"submissions/{submission.submission_id}"
            return JSONResponse(submission.head() | {"poll": poll}, status_code=202)
        answer = await _result(submission.answer)
        return JSONResponse(answer.body, status_code=answer.status)

    async def listing(self, request: Request) -> Response:
        """Every submission as it stands."""
        self._check_token(request)
        return JSONResponse({"submissions": [_state(s) for s in self._backend.submissions()]})

    async def one(self, request: Request) -> Response:
        """One submission as it stands."""
        self._check_token(request)
        number, known = request.path_params["number"], self._backend.submissions()
        if not (number.isascii() and number.isdigit() and 1 <= int(number[:12]) <= len(known)):
            raise RefusedError(404, "unknown submission", f"there are {len(known)} submissions so far")
        return JSONResponse(_state(known[int(number) - 1]))

    async def time(self, request: Request) -> Response:
        """The clock and what is left."""
        self._check_token(request)
        return JSONResponse(self._backend.time())

    async def health(self, request: Request) -> Response:
        """Whether the service takes submissions."""
        self._check_token(request)
        return JSONResponse(self._backend.health())

    async def on_http_error(self, request: Request, error: Exception) -> Response:
        """Paths and methods that do not exist."""
        assert isinstance(error, HTTPException)
        what = "unknown path" if error.status_code == 404 else "wrong method"
        self._backend.refused("endpoint_abuse", what, method=request.method, path=request.url.path)
        body = {"error": error.detail, "reason": f"{request.method} {request.url.path} does not exist"}
        return JSONResponse(body, status_code=error.status_code, headers=error.headers)

    async def on_refusal(self, request: Request, error: Exception) -> Response:
        """Requests that do not become submissions."""
        assert isinstance(error, RefusedError)
        headers = {"connection": "close"} if error.status in (400, 413) else None
        body = {"error": error.error, "reason": str(error)}
        return JSONResponse(body, status_code=error.status, headers=headers)

    async def on_lost_record(self, request: Request, error: Exception) -> Response:
        """Nothing is promised that cannot be recorded."""
        body = {"error": "closing", "reason": "the run cannot be recorded any more"}
        return JSONResponse(body, status_code=503)

    def _check_token(self, request: Request) -> None:
        given = request.path_params["token"]
        if not secrets.compare_digest(given.encode("utf-8", "surrogateescape"), self._token):
            self._backend.refused(
                "endpoint_abuse", "wrong token", method=request.method, path=request.url.path
            )
            raise RefusedError(404, "not found", "no run has this address")

    def _refuse(self, status: int, error: str, reason: str) -> RefusedError:
        """A body that is no submission: a mistake of the client, seldom more."""
        self._backend.refused("bad_request", error, reason=reason)
        return RefusedError(status, error, reason)

    async def _read(self, request: Request) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self._read_timeout_s):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > MAX_BODY_BYTES:
                        raise self._refuse(
                            413, "body too large", f"a body holds {MAX_BODY_BYTES} bytes at most"
                        )
        except TimeoutError as error:
            reason = f"the body did not arrive within {self._read_timeout_s:g} s"
            raise self._refuse(400, "slow request", reason) from error
        except ClientDisconnect as error:
            raise self._refuse(400, "broken request", "the client went away") from error
        return bytes(body)

    def _decode(self, body: bytes) -> SubmitBody:
        try:
            return msgspec.json.decode(body, type=SubmitBody)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            reason = f'the body must be JSON like {{"model_path": "output/model"}}: {error}'
            raise self._refuse(400, "bad request", reason) from error


async def _result(future: Future[_T]) -> _T:
    """Wait for a future without ever cancelling it: a client that goes away stops nothing."""
    return await asyncio.shield(asyncio.wrap_future(future))


def _state(submission: Submission) -> dict[str, Any]:
    """A submission's answer once there is one, else what is known from the start."""
    if submission.answer.done():
        answer: Answer = submission.answer.result()
        return answer.body
    return submission.head()
