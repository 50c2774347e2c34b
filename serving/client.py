"""A typed client of the service, which needs nothing of ours but this module, and httpx.

with Client("http://127.0.0.1:8000") as atelier:
    print(atelier.identify(Path("painting.jpg").read_bytes())["artists"][0]["name"])
    job = atelier.refine(photo, ["claude-monet"], steps=50)
    for event in atelier.events(job["id"]):
        print(event["progress"])
    Path("painted.png").write_bytes(atelier.result(job["id"]))
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

Answer = dict[str, Any]
"""JSON as `/openapi.json` describes it."""

_Part = tuple[str, bytes | tuple[None, bytes]]  # a file, or a field among files

_FINISHED = ("done", "cancelled", "failed")

_SAID = {  # where no problem says more, as of a proxy
    401: "A valid key is needed.",
    403: "This key is not let in, or may not do that.",
    502: "The service does not answer (HTTP status 502).",
    503: "The service is not there just now (HTTP status 503).",
    504: "The service does not answer in time (HTTP status 504).",
}


class ServiceError(Exception):
    """A request that the service refused, with one sentence.

    Attributes:
        status: Of HTTP.
        code: Stable, for programs.
        retry_after: Seconds after which to try again; None if that would not help.
    """

    def __init__(self, response: httpx.Response) -> None:
        """Reads the problem (RFC 9457)."""
        response.read()
        try:
            problem = response.json()
        except ValueError:  # of a proxy
            problem = {}
        if not isinstance(problem, dict):
            problem = {}
        said = _SAID.get(response.status_code, f"HTTP status {response.status_code}")
        super().__init__(problem.get("detail") or said)
        self.status, self.code = response.status_code, str(problem.get("code", "unknown"))
        after = response.headers.get("retry-after", "")
        self.retry_after = float(after) if after.isdigit() else None


class Client:
    """A connection to a service. Threads may share it; who follows events keeps one busy."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        key: str | None = None,
        *,
        timeout: float | httpx.Timeout = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Connects at the first request.

        Args:
            url: With `/api` at its end where the application is served, too.
            key: If the service needs one.
            timeout: Seconds for which to wait for the next byte.
            transport: Of httpx, in place of the network.
        """
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(
            base_url=url.rstrip("/") + "/", headers=headers, timeout=timeout, transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def models(self) -> list[Answer]:
        """All models with the versions that serve and their measured figures."""
        return self._sent("GET", "v1/models").json()

    def identify(
        self, picture: bytes, *, version: str = "", visitor: str = "", **fields: object
    ) -> Answer:
        """Names the most probable artists; fields are `model`, `top`, `cut_out` and
        `explain`.

        Args:
            version: Of the model, if it is to be a certain one.
            visitor: For whom it is asked, where one key asks for many: 32 hexadecimal digits, by
                which arms of experiments are dealt.
        """
        headers, files = _headers(version, visitor), {"picture": picture}
        return self._json("POST", "v1/identifications", files=files, data=fields, headers=headers)

    def explain(
        self, picture: bytes, *, version: str = "", visitor: str = "", **fields: object
    ) -> bytes:
        """The picture with what spoke for an artist lit; fields are `model` and `artist`."""
        more = {"files": {"picture": picture}, "data": fields}
        more["headers"] = _headers(version, visitor)
        return self._sent("POST", "v1/explanations", **more).content

    def similar(self, picture: bytes, **fields: object) -> Answer:
        """The paintings of the service's collection that are nearest to a picture; the field is
        `top`."""
        return self._json("POST", "v1/similar", files={"picture": picture}, data=fields)

    def feedback(
        self, prediction_id: int, *, right: bool, artist: str | None = None, stranger: bool = False
    ) -> Answer:
        """Says whether a prediction was right, and who it was if not: an artist or a stranger."""
        said = {"prediction_id": prediction_id, "right": right, "artist": artist}
        said |= {"stranger": True} if stranger else {}  # a service from before does not know it
        return self._json("POST", "v1/feedback", json=said)

    def keep(self, prediction_id: int, picture: bytes, *, cut_out: bool = False) -> None:
        """Allows that a copy of the picture of a prediction is kept, to learn from it.

        Args:
            cut_out: Whether only of the painting in it, where that was cut out for the prediction.
        """
        path = f"v1/predictions/{prediction_id}/picture"
        self._sent("PUT", path, files={"picture": picture}, params={"cut_out": cut_out})

    def drop(self, prediction_id: int, sha256: str) -> None:
        """Allows it no longer; the digest is that of the picture."""
        path = f"v1/predictions/{prediction_id}/picture"
        self._sent("DELETE", path, params={"sha256": sha256})

    def monet(self, picture: bytes, **fields: object) -> bytes:
        """A Monet, or a photo again; fields are `direction`, `brush` and `strength`."""
        files = {"picture": picture}
        return self._sent("POST", "v1/paintings", files=files, data=fields).content

    def stylize(
        self,
        photo: bytes,
        styles: Sequence[bytes | str],
        *,
        masks: Sequence[bytes] = (),
        **fields: object,
    ) -> bytes:
        """A photo painted at once like pictures, or like painters by their ids.

        Args:
            masks: Pictures that are white where a region is, see `region_styles`.
        """
        data, files = _form(photo, styles, masks, fields | {"mode": "instant"})
        return self._sent("POST", "v1/paintings", files=files, data=data).content

    def refine(
        self,
        photo: bytes,
        styles: Sequence[bytes | str],
        *,
        masks: Sequence[bytes] = (),
        canvas: bytes | None = None,
        idempotency_key: str | None = None,
        **fields: object,
    ) -> Answer:
        """Has a photo painted step by step: a job.

        Args:
            masks: As for `stylize`.
            canvas: A painting of it to go on with.
            idempotency_key: Of which there is one job, however often it is asked for.
            fields: Such as `rows` and `steps`.
        """
        data, files = _form(photo, styles, masks, fields | {"mode": "refine"})
        files += [] if canvas is None else [("canvas", canvas)]
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        return self._json("POST", "v1/paintings", files=files, data=data, headers=headers)

    def film(
        self,
        clip: bytes,
        styles: Sequence[bytes | str] = (),
        *,
        kind: str = "",
        idempotency_key: str | None = None,
        **fields: object,
    ) -> Answer:
        """Has a clip painted without flicker: a job.

        Args:
            styles: Pictures or ids of painters; none for Monet (`way="monet"`).
            kind: `video/mp4`, `video/webm` or `image/gif`; what fits the clip if empty.
            idempotency_key: As for `refine`.
            fields: Such as `rows`, `strength` and `strength_end`.
        """
        return self._ordered("v1/films", ("clip", clip), styles, kind, idempotency_key, fields)

    def journey(
        self,
        photo: bytes,
        styles: Sequence[bytes | str],
        *,
        kind: str = "",
        idempotency_key: str | None = None,
        **fields: object,
    ) -> Answer:
        """Has a photo go slowly to its painting and back, or from style to style: a job.

        Args:
            styles: As for `film`; with several it is a round of them.
            kind: `video/mp4`, as if empty, `video/webm` or `image/gif`.
            idempotency_key: As for `refine`.
            fields: Such as `rows`, `seconds` and `fps`.
        """
        return self._ordered("v1/journeys", ("photo", photo), styles, kind, idempotency_key, fields)

    def job(self, job_id: str) -> Answer:
        """Where a job stands."""
        return self._json("GET", f"v1/jobs/{job_id}")

    def stop(self, job_id: str) -> Answer:
        """Has a job stop; what it has painted so far is kept."""
        return self._json("DELETE", f"v1/jobs/{job_id}")

    def preview(self, job_id: str, *, large: bool = False) -> bytes:
        """The picture as it is now, a small JPEG; or a large one, of the last change of scale."""
        return self._sent("GET", f"v1/jobs/{job_id}/preview", params={"large": large}).content

    def result(self, job_id: str) -> bytes:
        """What a finished job has painted."""
        return self._sent("GET", f"v1/jobs/{job_id}/result").content

    def events(self, job_id: str, after: int = 0, *, patience: float = 60.0) -> Iterator[Answer]:
        """Follows a job to its end, over as many connections as that takes.

        Args:
            after: The number of the last event that was seen.
            patience: Seconds for which the service may be away.

        Yields:
            Events with `number`, `kind` and what the service says of them.

        Raises:
            ServiceError: If there is no such job.
            httpx.TransportError: If the service is away for longer.
        """
        seen = time.monotonic()
        while True:
            told = False
            try:
                for event in self._stream(f"v1/jobs/{job_id}/events", after):
                    seen = time.monotonic()
                    if event is None:
                        continue
                    after, told = event["number"], True
                    yield event
                    if event["kind"] in _FINISHED:
                        return
                job = {} if told else self.job(job_id)
                if job.get("state") in _FINISHED and job["events"] <= after:
                    return  # its end was seen before
            except (httpx.TransportError, ServiceError) as error:
                for_good = isinstance(error, ServiceError) and error.retry_after is None
                if for_good or time.monotonic() - seen > patience:
                    raise
            time.sleep(0.5)

    def _ordered(
        self,
        path: str,
        what: _Part,
        styles: Sequence[bytes | str],
        kind: str,
        key: str | None,
        fields: dict[str, object],
    ) -> Answer:
        """Orders a film."""
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        headers |= {"Accept": kind} if kind else {}
        files = [what, *map(_style, styles)]
        return self._json("POST", path, files=files, data=fields, headers=headers)

    def _stream(self, path: str, after: int) -> Iterator[Answer | None]:
        """Events, and None for any other sign that the service is there."""
        headers = {"Last-Event-ID": str(after)} if after else {}
        with self._http.stream("GET", path, headers=headers) as response:
            if response.is_error:
                raise ServiceError(response)
            yield None
            event: Answer = {}
            for line in response.iter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    event["number"] = int(value)
                elif name == "event":
                    event["kind"] = value
                elif name == "data":
                    event |= json.loads(value)
                elif not line and "number" in event:
                    yield event
                    event = {}
                elif line.startswith(":"):
                    yield None

    def _json(self, method: str, path: str, **more: Any) -> Answer:
        answer: Answer = self._sent(method, path, **more).json()
        return answer

    def _sent(self, method: str, path: str, **more: Any) -> httpx.Response:
        response = self._http.request(method, path, **more)
        if not response.is_success:  # a redirection, too: the key is for this address alone
            raise ServiceError(response)
        return response


def _headers(version: str, visitor: str) -> dict[str, str]:
    headers = {"Atelier-Version": version} if version else {}
    return headers | ({"Cookie": f"atelier_visitor={visitor}"} if visitor else {})


def _form(
    photo: bytes,
    styles: Sequence[bytes | str],
    masks: Sequence[bytes],
    fields: dict[str, object],
) -> tuple[dict[str, object], list[_Part]]:
    """Fields and parts; styles in their order, by which weights and regions name them."""
    files: list[_Part] = [("photo", photo), *map(_style, styles)]
    return fields, [*files, *(("mask", each) for each in masks)]


def _style(style: bytes | str) -> _Part:
    """A picture is a file, a painter a field."""
    return ("style", (None, style.encode()) if isinstance(style, str) else style)
