"""The sink's own limit: one epoll loop, 8 connections, bodies made beforehand, answers thrown away.

python -m benchmarks.peers.bare upload|download RECORDS URL
"""

import selectors
import socket
import sys
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from benchmarks.peers.told import Told

CONNECTIONS = 8
PAGE = 1000
_DISCARD = socket.MSG_TRUNC if sys.platform == "linux" else 0
_trash = bytearray(1 << 20)


@dataclass(slots=True)
class Exchange:
    """One connection: what is left to send, then how much of the answer is left to come (None: its head)."""

    socket: socket.socket
    to_send: memoryview
    to_come: int | None = None

    def send(self) -> bool:
        """Whether all is sent."""
        self.to_send = self.to_send[self.socket.send(self.to_send) :]
        return not self.to_send

    def receive(self) -> bool:
        """Whether all has come."""
        if self.to_come is None:
            head, _, body = self.socket.recv(65_536).partition(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            _, _, length = head.lower().partition(b"content-length:")
            self.to_come = int(length.split(b"\r\n", 1)[0]) - len(body)
        else:
            self.to_come -= self.socket.recv_into(_trash, len(_trash), _DISCARD)
        return not self.to_come


def exchange(request: bytes, times: int, where: SplitResult) -> None:
    """Send the request so many times over all connections and await all answers."""
    left = times
    with selectors.DefaultSelector() as ready:
        for _ in range(min(CONNECTIONS, times)):
            connected = socket.create_connection((where.hostname or "", where.port or 80))
            connected.setblocking(False)
            ready.register(connected, selectors.EVENT_WRITE, Exchange(connected, memoryview(request)))
        while left > 0:
            for key, events in ready.select():
                one: Exchange = key.data
                if events & selectors.EVENT_WRITE:
                    if one.send():
                        ready.modify(one.socket, selectors.EVENT_READ, one)
                elif one.receive():
                    left -= 1
                    one.to_send, one.to_come = memoryview(request), None
                    ready.modify(one.socket, selectors.EVENT_WRITE, one)
        for key in list(ready.get_map().values()):
            key.data.socket.close()


def request(direction: str, host: str, records: int) -> bytes:
    """The bytes of one request, of a block of usual length or for a page."""
    if direction == "download":
        return (
            f"GET /Dataset/output_{records}/data?start=1&count=1000 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        )
    record = b'{"id":"00000001","padding":"' + b"x" * 227 + b'"}'
    body = b'{"blockNumber":1,"records":[' + b",".join([record] * PAGE) + b"]}"
    head = f"PATCH /Dataset/contacts/data HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def main() -> None:
    direction, records, where = sys.argv[1], int(sys.argv[2]), urlsplit(sys.argv[3])
    told = Told()
    exchange(request(direction, where.netloc, records), max(1, records // PAGE), where)
    told.done(records)


if __name__ == "__main__":
    main()
