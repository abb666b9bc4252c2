"""The addresses of the app: pages, answers at once, jobs as streams of events, tables, reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from importlib import resources
from threading import Thread
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from genloss import _check
from genloss.app import asked, compare, explore, jobs
from genloss.app.guard import PAGES, REPORT_POLICY, Door, Guard
from genloss.app.reports import Reports
from genloss.app.running import GB, Job, Running, event, written
from genloss.app.uploads import Shelf
from genloss.errors import GenlossError

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

ANSWERS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "curve": explore.curve,
    "code": explore.code,
    "curves": compare.curves,
    "codes": compare.code,
}
"""What is computed while the page waits."""

JOBS: Mapping[str, Job] = {
    "end": Job("genloss.app.explore:end", 20),
    "best": Job("genloss.app.explore:best", 60),
    "simulate": Job("genloss.app.explore:simulate", 3600),
    "differences": Job("genloss.app.compare:differences", 3600),
    "map": Job("genloss.app.map:phases", 300),
    "forecast": Job("genloss.app.data:forecast", 900, tables=True),
    "weigh": Job("genloss.app.data:weigh", 900, tables=True),
}
"""What takes longer, and can be stopped."""

PREVIEW = Job("genloss.app.data:preview", 60, 2 * GB, tables=True)


def site(door: Door, shelf: Shelf | None = None) -> Starlette:
    """Return the app as it is served at a door.

    Parameters
    ----------
    door : Door
        Where it is served, and for whom.
    shelf : Shelf, optional
        Where tables are kept.
    """
    here = _Site(shelf or Shelf())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        here.shelf.close()

    app = Starlette(
        routes=[
            *(Route(path, here.page) for path in sorted(PAGES)),
            Route("/static/{name}", here.file),
            Route("/api/{name}", here.answer, methods=["POST"]),
            Route("/run/{name}", here.run),
            Route("/upload", here.upload, methods=["POST"]),
            Route("/report/{key}", here.report),
        ],
        middleware=[Middleware(Guard, door=door)],
        lifespan=lifespan,
    )
    app.state.running = here.running
    return app


@dataclass
class _Site:
    shelf: Shelf
    reports: Reports = field(default_factory=Reports)
    running: Running = field(default_factory=Running)
    static: dict[str, bytes] = field(default_factory=lambda: files())
    warm: bool = False

    async def page(self, _: Request) -> Response:
        """The one page, whatever its view."""
        return Response(self.static["index.html"], media_type=KINDS[".html"])

    async def file(self, request: Request) -> Response:
        """A part of the page, by a name that is known."""
        name = request.path_params["name"]
        if name not in self.static:
            return _said("not found", 404)
        kind = KINDS[name[name.rindex(".") :]]
        return Response(self.static[name], media_type=kind, headers={"cache-control": "no-cache"})

    async def answer(self, request: Request) -> Response:
        """What is computed while the page waits."""
        name = request.path_params["name"]
        if name not in ANSWERS:
            return _said("not found", 404)
        if request.headers.get("content-type") != "application/json":
            return _said("a question is application/json", 415)
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > asked.LONGEST:
                return _said(f"a question has at most {asked.LONGEST:,} bytes", 413)
        try:
            found = await run_in_threadpool(ANSWERS[name], asked.read(bytes(body)))
            self._warm_up()
            return _json(found)
        except GenlossError as error:
            return _said(str(error), 200)  # an answer too: no fault of the page or the server

    def _warm_up(self) -> None:
        """Once, when the first picture is there: jobs will want what takes long to load."""
        if not self.warm:
            self.warm = True
            thread = Thread(target=jobs.warm, daemon=True)
            asyncio.get_running_loop().call_later(1.0, thread.start)

    async def run(self, request: Request) -> Response:
        """A job, as a stream of events that ends it when it is left."""
        name, told = request.path_params["name"], request.query_params
        if name not in JOBS:
            return _said("not found", 404)
        stream = self._events(JOBS[name], told.get("tab", "")[:64], told.get("q", ""))
        return StreamingResponse(stream, media_type="text/event-stream")

    async def _events(self, job: Job, tab: str, question: str) -> AsyncIterator[str]:
        try:
            query = asked.read(question)
            if job.tables:
                keys = _check.sequence("tables", query.get("tables"))
                query["tables"] = [self.shelf.find(key).to_dict() for key in keys]
            async with aclosing(self.running.events(tab, job, query)) as events:  # type: ignore[type-var]
                async for name, data in events:
                    if name == "done" and "report" in data:
                        data["address"] = f"/report/{self.reports.keep(data.pop('report'))}"
                    yield event(name, data)
        except GenlossError as error:
            yield event("failed", str(error))

    async def upload(self, request: Request) -> Response:
        """Keep a table, and say what it holds."""
        if request.headers.get("content-type") != "application/octet-stream":
            return _said("a table is application/octet-stream", 415)
        told = request.query_params
        try:
            key = await self.shelf.take(told.get("name", ""), request.stream())
        except GenlossError as error:
            return _said(str(error), 413)
        query = {"tables": [self.shelf.find(key).to_dict()]}
        try:
            found = await self.running.answer(told.get("tab", "")[:64], PREVIEW, query)
        except GenlossError as error:
            self.shelf.drop(key)
            return _said(str(error), 200)
        return _json({"key": key, **found})

    async def report(self, request: Request) -> Response:
        """A report, on a page of its own."""
        page = self.reports.find(request.path_params["key"])
        if page is None:
            return _said("this report is not here any more; make it again", 404)
        headers = {"content-security-policy": REPORT_POLICY}
        return Response(page, media_type=KINDS[".html"], headers=headers)


def files() -> dict[str, bytes]:
    """All that the page is made of, by name."""
    folder = resources.files("genloss.app") / "static"
    return {each.name: each.read_bytes() for each in folder.iterdir() if "." in each.name}


def _json(data: Any, status: int = 200) -> Response:
    return Response(written(data), status, media_type="application/json")


def _said(why: str, status: int) -> Response:
    return _json({"error": why}, status)
