"""Every refusal and failure as problem details (RFC 9457). Knows statuses and words, not what led to them."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

log = logging.getLogger("asyncclean.server")

CONTENT_TYPE = "application/problem+json"

MAX_MESSAGES = 100
"""Most messages in one answer; ``errorCount`` says how many there were."""


class Problem(Exception):
    """A request that cannot be done.

    ``errors``: messages by field; ``count``: how many there were, where not all are shown; ``close``:
    whether the connection ends with the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        title: str = "",
        errors: Mapping[str, Sequence[str]] | None = None,
        count: int | None = None,
        headers: Mapping[str, str] | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title or HTTPStatus(status).phrase
        self.detail = detail
        self.errors = errors
        self.count = count
        self.headers = headers
        self.close = close

    def as_dict(self, instance: str = "") -> dict[str, Any]:
        """The document; ``instance`` is the path that was asked for."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if instance:
            document["instance"] = instance
        if self.errors is not None:
            document["errors"] = {field: list(said) for field, said in self.errors.items()}
        if self.count is not None:
            document["errorCount"] = self.count
        return document

    def response(self, instance: str = "") -> web.Response:
        """The answer that says so."""
        body = orjson.dumps(self.as_dict(instance))
        response = web.Response(
            status=self.status, body=body, content_type=CONTENT_TYPE, headers=self.headers or None
        )
        if self.close:
            response.force_close()
        return response


def invalid(field: str, message: str, *, detail: str = "") -> Problem:
    """A 400 about one field."""
    return Problem(
        400, detail or f"{field}: {message}.", title="The request is not valid", errors={field: [message]}
    )


def unknown(what: str, name: str) -> Problem:
    """A 404 for a name that does not exist."""
    return Problem(404, f"There is no {what} named {name!r}.", title=f"No such {what}")


def _of_http(error: web.HTTPException) -> Problem:
    """aiohttp's own refusals: an unknown path, a wrong method, and the like."""
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    sentences = {404: "There is no such path.", 405: "The path does not take this method."}
    return Problem(error.status, sentences.get(error.status, error.reason), headers=headers)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost: whatever goes wrong inside is answered as problem details, without a traceback."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response(request.path)
    except web.HTTPException as error:
        return _of_http(error).response(request.path)
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return Problem(500, "The server failed; its log says why.").response(request.path)
