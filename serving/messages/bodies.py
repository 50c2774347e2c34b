"""Bodies of requests: pictures and fields, within limits, as forms or as one raw picture.

The fields are those of the requests of core, which also describe them to OpenAPI.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from core.errors import InvalidRequest
from core.requests import Request as CoreRequest
from core.settings import settings
from serving.messages import arriving
from serving.messages.problems import Refused

R = TypeVar("R", bound=CoreRequest)

_MOST_FIELDS = 64
_MOST_BYTES_OF_A_FIELD = 16_384
_FRAMING = 1_000_000  # bytes beside the pictures


@dataclass
class Body:
    """What was sent.

    Attributes:
        parts: Name of a part for pictures to files, or to texts where a name may stand for one.
        fields: Name of a field to what was given for it, once or several times.
    """

    parts: dict[str, list[bytes | str]] = field(default_factory=dict)
    fields: dict[str, list[str]] = field(default_factory=dict)

    def one(self, part: str) -> bytes:
        """The only file of a part.

        Raises:
            InvalidRequest: If there are none or several, or it is a text.
        """
        given = self.parts.get(part, [])
        if len(given) != 1 or not isinstance(given[0], bytes):
            raise InvalidRequest(f"Exactly one file is needed as the part {part!r}.")
        return given[0]

    def filled(self, model: type[R]) -> R:
        """The request that the fields make.

        Raises:
            InvalidRequest: If a field is not there, out of its range or given twice.
        """
        kinds = _kinds(model)
        values = {
            name: _value(name, texts, kinds.get(name, set()))
            for name, texts in self.fields.items()
            if texts != [""]  # left empty in a form
        }
        return model(**values)


@asynccontextmanager
async def read(
    request: Request,
    parts: Sequence[str],
    *,
    pictures: int,
    largest: Mapping[str, int] | None = None,
    raw: str = "image/",
) -> AsyncIterator[Body]:
    """Reads a body, and no more of it than is allowed; it counts as memory until the end.

    Args:
        parts: Names of parts that hold files; a raw one is the first of them.
        pictures: How many times the largest accepted picture a body may hold.
        largest: Bytes of parts that are no pictures, beside that.
        raw: How media types of raw files begin.

    Raises:
        Refused: 408, 413, 415, 429 for want of memory, or 400 for a form that is none.
        Gone: If who sends has.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_form = kind == "multipart/form-data"
    if not is_form and not kind.startswith(raw):
        raise Refused(
            415,
            "unsupported-media-type",
            f"Send multipart/form-data, or one file as {raw}…, and say so in Content-Type.",
        )
    others = largest or {}
    limit = others.get(parts[0], settings().max_bytes * pictures)
    if is_form:
        limit = settings().max_bytes * pictures + sum(others.values()) + _FRAMING
    memory, taken = request.app.state.service.memory, 0

    async def counted() -> AsyncGenerator[bytes, None]:
        nonlocal taken
        async for chunk in arriving.limited(request, limit):
            memory.take(len(chunk))
            taken += len(chunk)
            yield chunk

    body = Body()
    try:
        try:
            async with arriving.in_time():
                if is_form:
                    await _read_form(request, counted(), parts, body, others)
                else:
                    body.parts[parts[0]] = [b"".join([chunk async for chunk in counted()])]
        except MultiPartException as error:
            raise _malformed(error.message) from None
        except UnicodeError:  # by what a part or the form names as its encoding
            raise _malformed("Its text is not what it says.") from None
        for name, text in request.query_params.multi_items():
            where = body.parts if name in parts else body.fields
            where.setdefault(name, []).append(text)
        yield body
    finally:
        memory.give(taken)


async def _read_form(
    request: Request,
    stream: AsyncGenerator[bytes, None],
    parts: Sequence[str],
    body: Body,
    largest: Mapping[str, int],
) -> None:
    form = await MultiPartParser(
        request.headers,
        stream,
        max_files=_MOST_FIELDS,
        max_fields=_MOST_FIELDS,
        max_part_size=_MOST_BYTES_OF_A_FIELD,
    ).parse()
    try:
        await _sort(form, parts, body, largest)
    finally:
        await form.close()


async def _sort(
    form: FormData, parts: Sequence[str], body: Body, largest: Mapping[str, int]
) -> None:
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if name not in parts:
                raise InvalidRequest(
                    f"There is no part {name!r} for a picture; there are: {', '.join(parts)}."
                )
            limit = largest.get(name, settings().max_bytes)
            if value.size and value.size > limit:
                raise arriving.too_large(limit)
            body.parts.setdefault(name, []).append(await value.read())
        elif name in parts:
            body.parts.setdefault(name, []).append(value)
        else:
            body.fields.setdefault(name, []).append(value)


def _malformed(why: str) -> Refused:
    return Refused(400, "malformed-form", f"The form cannot be read: {why}")


@cache
def _kinds(model: type[CoreRequest]) -> dict[str, set[str]]:
    """Name of a field to the JSON types that it takes."""
    found = {}
    for name, schema in _properties(model).items():
        found[name] = {each.get("type", "string") for each in schema.get("anyOf", [schema])}
    return found


def _value(name: str, texts: list[str], kinds: set[str]) -> Any:
    """A field from text: lists are repeated fields or JSON, tables are JSON."""
    if len(texts) == 1 and kinds & {"array", "object"} and texts[0].lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(texts[0])
        except (ValueError, RecursionError):
            raise InvalidRequest(f"{name} is no JSON: {texts[0][:100]!r}.") from None
    if "array" in kinds:
        return texts
    if len(texts) > 1:
        raise InvalidRequest(f"{name} is given {len(texts)} times; once is enough.")
    return texts[0]


def _properties(model: type[CoreRequest]) -> dict[str, dict[str, Any]]:
    properties: dict[str, dict[str, Any]] = model.model_json_schema()["properties"]
    return properties


FILE = {"type": "string", "format": "binary"}


def form(
    parts: Mapping[str, Mapping[str, Any]], *models: type[CoreRequest], required: Sequence[str] = ()
) -> dict[str, Any]:
    """The schema of a form: parts for pictures, and the fields of one or several requests.

    Args:
        required: Names of parts without which it is always refused.
    """
    fields: dict[str, list[dict[str, Any]]] = {}
    for model in models:
        for name, schema in _properties(model).items():
            fields.setdefault(name, []).append(_field(schema))
    properties: dict[str, Any] = {name: dict(schema) for name, schema in parts.items()}
    for name, schemas in fields.items():
        properties[name] = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def picture(description: str) -> dict[str, Any]:
    """The schema of a part with one picture."""
    return FILE | {"description": description}


def described(
    form: Mapping[str, Any],
    query: type[CoreRequest] | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    raw: str = "image/*",
) -> dict[str, Any]:
    """What OpenAPI says of a body: a form, or a raw file with a query.

    Args:
        headers: Name to what it is for.
        raw: The media types of raw files.
    """
    what = raw.partition("/")[0]
    parameters = [
        {"in": "query", "name": name, "schema": _field(schema), "description": f"For a raw {what}."}
        for name, schema in (_properties(query) if query else {}).items()
    ]
    parameters += [
        {"in": "header", "name": name, "schema": {"type": "string"}, "description": words}
        for name, words in (headers or {}).items()
    ]
    return {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": form},
                raw: {"schema": FILE},
            },
        },
        "parameters": parameters,
    }


def _field(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A field with its default in words, lest a page of documentation sends it unasked."""
    told = dict(schema)
    default = told.pop("default", None)
    if default is not None:
        told["description"] = f"{told.get('description', '')} Default: {json.dumps(default)}."
    return told
