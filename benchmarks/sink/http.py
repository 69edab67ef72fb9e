"""As much of HTTP/1.1 as the sink needs, on raw sockets. Knows bytes; what an answer holds is service.py's.

Where the kernel can (Linux), a block's bytes are thrown away without being copied (``MSG_TRUNC``): that
leaves the processors to the clients. One request at a time on a connection, bodies by Content-Length.
"""

import asyncio
import contextlib
import json
import socket
import struct
import sys
import time
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from benchmarks.sink.behaviour import Behaviour, Break, Gate, Meter, Refuse, Serve
from benchmarks.sink.service import Answer, Service, problem

_DISCARD = socket.MSG_TRUNC if sys.platform == "linux" else 0
_HEAD_LIMIT = 65_536
_trash = bytearray(1 << 20)
_REASON = {200: "OK", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests"}


class Sink:
    """The listening socket and what all connections share."""

    def __init__(self, service: Service, behaviour: Behaviour, loop: asyncio.AbstractEventLoop) -> None:
        self.service = service
        self.loop = loop
        self.gate = Gate(behaviour, loop.time())
        self.meter = Meter()
        self._behaviour = behaviour
        self._trace: list[tuple[float, float, int, int]] = []
        self._cpu = time.process_time()
        self._ticking: asyncio.TimerHandle | None = None

    def listen(self, host: str, port: int) -> int:
        """Accept connections from now on; returns the port."""
        listener = socket.create_server((host, port), backlog=1024)
        listener.setblocking(False)
        self.loop.add_reader(listener, self._accept, listener)
        self._tick()
        return int(listener.getsockname()[1])

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                accepted, _ = listener.accept()
                Connection(accepted, self)

    def _tick(self) -> None:
        """A point of the trace every 50 ms: time, requests in flight, answered and refused so far."""
        now = self.loop.time()
        if self.meter.started is not None:
            self._trace.append((now, self.meter.area(now), self.meter.answered, self.meter.refused))
        self._ticking = self.loop.call_later(0.05, self._tick)

    def reset(self, behaviour: Behaviour | None = None) -> None:
        """Forget everything seen."""
        self._behaviour = behaviour or self._behaviour
        self.service.reset()
        self.service.check = self._behaviour.check
        self.gate = Gate(self._behaviour, self.loop.time())
        self.meter = Meter(in_flight=self.meter.in_flight)
        self._trace.clear()
        self._cpu = time.process_time()

    def behave(self, behaviour: Behaviour) -> None:
        """Go on differently from now on."""
        self._behaviour = behaviour
        self.service.check = behaviour.check
        self.gate = Gate(behaviour, self.loop.time())

    @property
    def discards(self) -> bool:
        """Whether the bodies of blocks are thrown away unseen."""
        return not self._behaviour.check

    def statistics(self) -> Answer:
        begin = self.meter.started or 0.0
        trace = []
        for earlier, later in zip(self._trace, self._trace[1:], strict=False):
            span = later[0] - earlier[0]
            trace.append(
                {
                    "at": later[0] - begin,
                    "in_flight": (later[1] - earlier[1]) / span,
                    "answered_per_s": (later[2] - earlier[2]) / span,
                    "refused_per_s": (later[3] - earlier[3]) / span,
                }
            )
        seen = {**self.meter.as_dict(), "cpu": time.process_time() - self._cpu, "started": begin}
        return Answer.of({**seen, "trace": trace, "datasets": self.service.contents()})

    def control(self, method: str, path: str, body: bytes) -> Answer:
        """The sink's own calls, which the behaviour does not touch."""
        match method, path:
            case "GET", "/_statistics":
                return self.statistics()
            case "POST", "/_reset":
                self.reset(Behaviour.of(json.loads(body)) if body else None)
                return Answer.of({})
            case "PUT", "/_behaviour":
                self.behave(Behaviour.of(json.loads(body)))
                return Answer.of({})
        return problem(404, "No such call")


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer on its way: ``truncated`` sends half of it and hangs up; ``broken`` marks a fault."""

    answer: Answer
    headers: str = ""
    broken: bool = False
    truncated: bool = False

    def parts(self) -> tuple[bytes, bytes]:
        status, body = self.answer.status, self.answer.body
        head = (
            f"HTTP/1.1 {status} {_REASON.get(status, 'Status')}\r\nContent-Type: application/json\r\n"
            f"{self.headers}Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode(), body[: len(body) // 2] if self.truncated else body


class Connection:
    """One connection: read a head, read or discard a body, answer, again."""

    def __init__(self, connected: socket.socket, sink: Sink) -> None:
        connected.setblocking(False)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self._socket = connected
        self._sink = sink
        self._buffer = b""
        self._remaining = 0
        self._body: bytearray | None = None
        self._request: tuple[str, str, dict[str, str]] | None = None
        self._measured = False
        self._open = True
        sink.loop.add_reader(connected, self._readable)

    def _readable(self) -> None:
        try:
            if self._request is None:
                received = self._socket.recv(_HEAD_LIMIT)
                if not received:
                    self._close()
                    return
                self._buffer += received
                self._read_head()
            elif self._body is None:
                discarded = self._socket.recv_into(_trash, min(self._remaining, len(_trash)), _DISCARD)
                if not discarded:
                    self._close()
                    return
                self._remaining -= discarded
            else:
                received = self._socket.recv(min(self._remaining, 1 << 20))
                if not received:
                    self._close()
                    return
                self._body += received
                self._remaining -= len(received)
        except BlockingIOError:
            return
        except OSError:
            self._close()
            return
        if self._request is not None and not self._remaining:
            self._arrived()

    def _read_head(self) -> None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _HEAD_LIMIT:
                self._close()
            return
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self._request = (method, target, headers)
        length = int(headers.get("content-length", "0"))
        got = self._buffer[end + 4 : end + 4 + length]
        self._buffer = self._buffer[end + 4 + len(got) :]
        self._remaining = length - len(got)
        is_block = method == "PATCH" and target.endswith("/data")
        self._body = None if is_block and self._sink.discards else bytearray(got)
        self._measured = is_block or (method == "GET" and "/data?" in target)
        if self._measured:
            self._sink.meter.arrive(self._sink.loop.time())
            self._sink.meter.bytes += length
        if headers.get("expect", "").lower() == "100-continue":
            self._socket.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _arrived(self) -> None:
        """The whole request is here: the gate decides when and how it is answered."""
        assert self._request is not None
        method, target, headers = self._request
        loop = self._sink.loop
        if target.startswith("/_"):
            self._send(_Reply(self._sink.control(method, target, bytes(self._body or b""))))
            return
        match self._sink.gate.decide(loop.time()):
            case Serve(delay):
                self._after(delay, _Reply(self._answer(method, target, headers)))
            case Refuse(status, delay, retry_after):
                retry = "" if retry_after is None else f"Retry-After: {retry_after}\r\n"
                self._after(delay, _Reply(problem(status, "Too much"), headers=retry))
            case Break("reset", delay):
                loop.remove_reader(self._socket)
                loop.call_later(delay, self._reset)
            case Break("truncate", delay):
                self._after(delay, _Reply(self._answer(method, target, headers), broken=True, truncated=True))
            case Break(fault, delay):
                self._after(delay, _Reply(problem(int(fault), "A fault, as ordered"), broken=True))

    def _answer(self, method: str, target: str, headers: dict[str, str]) -> Answer:
        if self._body is None:
            return Answer(200, b"{}")
        path, _, query = target.partition("?")
        encoding = headers.get("content-encoding", "")
        try:
            return self._sink.service.answer(
                method, unquote(path), dict(parse_qsl(query)), bytes(self._body), encoding
            )
        except (ValueError, KeyError, TypeError) as error:
            return problem(400, "Not understood", body=repr(error))

    def _after(self, delay: float, reply: "_Reply") -> None:
        if delay <= 0:
            self._send(reply)
        else:
            self._sink.loop.remove_reader(self._socket)
            self._sink.loop.call_later(delay, self._send, reply, True)

    def _send(self, reply: "_Reply", paused: bool = False) -> None:
        """The answer goes out; what the socket does not take at once follows when it can."""
        if not self._open:
            return
        if self._measured:
            self._sink.meter.count(self._sink.loop.time(), reply.answer.status, broken=reply.broken)
        self._request, self._body, self._measured = None, None, False
        head, body = reply.parts()
        try:
            sent = self._socket.sendmsg([head, body])
        except BlockingIOError:
            sent = 0
        except OSError:
            self._close()
            return
        if sent < len(head) + len(body):
            if not paused:
                self._sink.loop.remove_reader(self._socket)
            left = (
                memoryview(body)[sent - len(head) :] if sent >= len(head) else memoryview(head + body)[sent:]
            )
            self._sink.loop.add_writer(self._socket, self._writable, left, reply)
        elif reply.truncated:
            self._close()
        else:
            if paused:
                self._sink.loop.add_reader(self._socket, self._readable)
            self._next()

    def _writable(self, left: memoryview, reply: "_Reply") -> None:
        try:
            sent = self._socket.send(left)
        except BlockingIOError:
            return
        except OSError:
            self._close()
            return
        if sent < len(left):
            self._sink.loop.add_writer(self._socket, self._writable, left[sent:], reply)
            return
        self._sink.loop.remove_writer(self._socket)
        if reply.truncated:
            self._close()
        else:
            self._sink.loop.add_reader(self._socket, self._readable)
            self._next()

    def _next(self) -> None:
        """A request that came with the one before is read at once."""
        if self._buffer:
            self._read_head()
            if self._request is not None and not self._remaining:
                self._sink.loop.call_soon(self._arrived)

    def _reset(self) -> None:
        """Hang up the rude way: without lingering, the other end sees a reset."""
        if self._open:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._close()

    def _close(self) -> None:
        if not self._open:
            return
        self._open = False
        if self._measured:
            self._sink.meter.count(self._sink.loop.time(), 0, broken=True)
        self._sink.loop.remove_reader(self._socket)
        self._sink.loop.remove_writer(self._socket)
        self._socket.close()
