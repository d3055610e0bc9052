"""The line between the product's workers and the vendors: counts calls, lets faults strike, and kills workers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from careloop.rehearsal.book import MESSAGE, Book
from careloop.rehearsal.weather import Weather
from careloop.twins.base import Fault, Twin, TwinHttp
from chalicelib.ports.services import HttpRequest, HttpResponse

_CHANGING = ("POST", "PUT")
_META_BUSY = {"error": {"message": "(#4) Application request limit reached", "type": "OAuthException", "code": 4}}
_BODIES = {"meta": json.dumps(_META_BUSY).encode()}
_NO_BODY = b"{}"


class KilledWorker(BaseException):
    """The worker's process is gone. No `Exception`: nothing that handles errors may notice."""


class Line:
    """An `Http` port over twins. ``desk``: the name of the twin on whose tickets messages are looked for."""

    def __init__(self, twins: Mapping[str, Twin], bases: Mapping[str, str], weather: Weather, book: Book) -> None:
        self._twins = [(bases[name], name, TwinHttp({bases[name]: twin}), twin) for name, twin in twins.items()]
        self._weather = weather
        self._book = book
        self.calm = False
        """No faults: for setting up."""

    def send(self, request: HttpRequest) -> HttpResponse:
        """One call, which may go wrong."""
        for base, name, http, twin in self._twins:
            if request.url.startswith(base):
                return self._call(name, http, twin, request)
        raise AssertionError("a call to somebody who is not there")

    def _call(self, name: str, http: TwinHttp, twin: Twin, request: HttpRequest) -> HttpResponse:
        self._book.calls[name] += 1
        killed = 0 if self.calm else self._kill()
        if killed == 1:
            raise KilledWorker
        fault = None if self.calm else self._fault(name, request)
        twin.faults[:] = [fault] if fault else []
        response = None
        try:
            response = http.send(request)
        finally:
            twin.calls.clear()
            took_effect = response.status < 300 if response is not None and not fault else fault is not None
            if took_effect and not (fault and fault.before) and request.method in _CHANGING:
                self._note(name, request)
        if killed == 2:
            raise KilledWorker
        return response

    def _kill(self) -> int:
        """1: before the call, 2: after it, 0: not now."""
        return self._weather.dice("killed-workers").choice((1, 2)) if self._weather.strikes("killed-workers") else 0

    def _fault(self, name: str, request: HttpRequest) -> Fault | None:
        weather = self._weather
        if weather.strikes("rate-limits"):
            wait = str(weather.dice("rate-limits").choice((1, 5, 20, 60)))
            return Fault(pattern="", status=429, body=_BODIES.get(name, _NO_BODY), headers={"retry-after": wait})
        if weather.strikes("server-errors"):
            return Fault(pattern="", status=weather.dice("server-errors").choice((500, 502, 503)), body=b"")
        if request.method in _CHANGING and weather.strikes("timeouts"):
            return Fault(pattern="", status=0, before=False)
        return None

    def _note(self, name: str, request: HttpRequest) -> None:
        """Which messages this call wrote onto a ticket."""
        if name in ("zendesk", "rt") and request.body and _TICKET.search(request.url):
            for number, _ in MESSAGE.findall(request.body.decode("utf-8", "replace")):
                self._book.write(int(number))


_TICKET = re.compile(r"/tickets?(/|$|\?)")
