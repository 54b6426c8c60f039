"""An HTTP server that answers its first requests and never the others; it sees when their callers hang up."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

Answer = Callable[[bytes], bytes]


class StuckServer:
    """Listens on a port of this machine.

    Attributes:
        url: where.
        hung_up: released each time a caller that waited in vain closes its connection.
        stuck: released each time a request comes that is not answered.
    """

    def __init__(self, answers: int = 0, answer: Answer = lambda body: b"{}") -> None:
        self.hung_up = threading.Semaphore(0)
        self.stuck = threading.Semaphore(0)
        self._left = answers
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        for connection in self._connections:
            connection.close()
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            while (body := _read(connection)) is not None:
                if self._left:
                    self._left -= 1
                    content = self._answer(body)
                    head = (
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-elastic-product: Elasticsearch\r\n"
                        f"content-length: {len(content)}\r\n\r\n"
                    )
                    connection.sendall(head.encode() + content)
                    continue
                self.stuck.release()
                if not connection.recv(1):
                    self.hung_up.release()
                    return
        except OSError:  # reset, or closed by `close`
            self.hung_up.release()


def _read(connection: socket.socket) -> bytes | None:
    """The body of the next request; None when the caller has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return body
