"""Adding many instances from a CSV: look at what would become of each row, then add the good."""

import csv
import hashlib
import io

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.domain.csv_text import decoded
from whalefall.errors import BadInput, Problem, said
from whalefall.resolvers.instances import (
    IMPORT_COLUMNS,
    ImportStatus,
    InstanceImport,
    check_import,
    import_instances,
)
from whalefall.web.csv import BOM
from whalefall.web.html import render

SHOWN = 100  # refused rows, and as many good ones: beyond them a number says enough
EXAMPLE = {
    "name": "orders-1",
    "db_type": "mysql",
    "host": "orders-1.example.net",
    "port": "3306",
    "description": "An example: write your own over it",
    "is_active": "true",
}


async def page(request: Request) -> Response:
    request.state.actor.require(Permission.CREATE)
    return _page(request, "")


async def submit(request: Request) -> Response:
    """Check the file or the text; with the button named `add`, add what was seen checked."""
    actor, db = request.state.actor, request.app.state.db
    actor.require(Permission.CREATE)
    async with request.form(max_files=1) as fields:
        try:
            text = await _text(fields)
        except BadInput as problem:
            return _refused(request, "", problem)
    is_seen = fields.get("seen") == _digest(text)
    try:
        if "add" in fields and is_seen:
            async with db.write() as session:
                result = await import_instances(session, actor, text)
            return _page(request, result.rest, result, is_added=True)
        async with db.read() as session:
            result = await check_import(session, actor, text)
    except BadInput as problem:
        return _refused(request, text, problem)
    return _page(request, text, result, is_changed="add" in fields)


async def template(request: Request) -> Response:
    """The columns with an example, with the mark by which spreadsheets know UTF-8."""
    request.state.actor.require(Permission.CREATE)
    written = io.StringIO()
    writer = csv.DictWriter(written, IMPORT_COLUMNS)
    writer.writeheader()
    writer.writerow(EXAMPLE)
    headers = {
        "Content-Disposition": 'attachment; filename="instances_template.csv"',
        "Cache-Control": "private, no-store",
    }
    content = BOM + written.getvalue().encode()
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


async def _text(fields: FormData) -> str:
    """The chosen file's text, else what stands in the form; the file's name says nothing."""
    file, text = fields.get("file"), fields.get("csv")
    if isinstance(file, UploadFile) and (content := await file.read()):
        return decoded(content)
    if isinstance(text, str) and text.strip():
        return text
    raise BadInput("Choose a file, or paste its text.", field="csv")


def _digest(text: str) -> str:
    """The same for a text that a browser sent back with other ends of lines."""
    plain = text.replace("\r\n", "\n").strip()
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()


def _refused(request: Request, text: str, problem: Problem) -> Response:
    message = problem.message
    if problem.hint:
        message = said("%(message)s %(hint)s", message=message, hint=problem.hint)
    return _page(request, text, errors={"csv": message})


def _page(
    request: Request,
    text: str,
    result: InstanceImport | None = None,
    *,
    is_added: bool = False,
    is_changed: bool = False,
    errors: dict[str, str] | None = None,
) -> Response:
    good = ImportStatus.CREATED if is_added else ImportStatus.READY
    return render(
        request,
        "instances/import.html",
        status=422 if errors else 200,
        values={"csv": text},
        errors=errors or {},
        result=result,
        good=result.of(good) if result else [],
        refused=result.of(ImportStatus.REFUSED) if result else [],
        is_added=is_added,
        is_changed=is_changed,
        seen=_digest(text),
        shown=SHOWN,
        example=EXAMPLE,
    )


ROUTES = [
    Route("/instances/import", page, methods=["GET"]),
    Route("/instances/import", submit, methods=["POST"]),
    Route("/instances/template.csv", template),
]
