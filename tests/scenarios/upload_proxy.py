"""A proxy between worker and dev-studio that spoils uploads as a test tells it; all other traffic passes untouched."""

import re
import socket
import struct
import threading

_PIECE = 1 << 18


class Upload:
    """One upload as it came in: its path, its length, and how much of its body was read here."""

    def __init__(self, path, length):
        self.path = path
        self.length = length
        self.read = 0


class Connection:
    """What a fault may do with an upload: read its body, answer, hand it on to the studio, or cut the line."""

    def __init__(self, proxy, client, head, begun):
        self._proxy = proxy
        self._client = client
        self.head = head
        self._begun = begun
        length = re.search(rb"(?im)^content-length: *(\d+)", head)
        self.upload = Upload(head.split(b" ", 2)[1].decode(), int(length.group(1)) if length else 0)

    def read(self, limit=None, sink=None):
        """Reads the body, or its first `limit` bytes."""
        wanted = self.upload.length if limit is None else limit
        buffer = bytearray(_PIECE)
        while self.upload.read < wanted:
            if self._begun:
                piece, self._begun = self._begun[:wanted - self.upload.read], b""
            else:
                got = self._client.recv_into(buffer, min(_PIECE, wanted - self.upload.read))
                piece = memoryview(buffer)[:got]
            if not piece:
                return
            self.upload.read += len(piece)
            if sink:
                sink(piece)

    def answer(self, status, body=b'{"ok":true}', content_type="application/json"):
        head = (f"HTTP/1.1 {status} -\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
                "Connection: close\r\n\r\n")
        self._client.sendall(head.encode() + body)

    def cut(self):
        """The client gets a reset."""
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._client.close()

    def forward(self, relay=True):
        """The studio gets all of it; its answer goes to the client, or nowhere."""
        with self._proxy.connect_studio() as studio:
            first, rest = self.head.split(b"\r\n", 1)
            studio.sendall(first + b"\r\nConnection: close\r\n" + rest)
            self.read(sink=studio.sendall)
            answer = b"".join(iter(lambda: studio.recv(_PIECE), b""))
        if relay:
            self._client.sendall(answer)

    def wait_hangup(self):
        """Returns when the client has closed the connection."""
        while self._client.recv(_PIECE):
            pass


def answer(status, **more):
    def fault(connection):
        connection.read()
        connection.answer(status, **more)
    return fault


def cut_after(share):
    """Reset after that share of the body: 0 is nothing of it, 1 all but the last byte."""
    def fault(connection):
        connection.read(int((connection.upload.length - 1) * share))
        connection.cut()
    return fault


def store_and_cut(connection):
    """The studio has the result, and the worker never hears of it."""
    connection.forward(relay=False)
    connection.cut()


class UploadProxy:
    """`faults` meet the first uploads, one each; the uploads after them reach the studio."""

    def __init__(self, studio_url, faults=()):
        host, port = studio_url.removeprefix("http://").split(":")
        self._studio = (host, int(port))
        self._faults = list(faults)
        self._lock = threading.Lock()
        self.uploads = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def kill(self):
        self._listener.close()

    def output(self):
        return "uploads: " + ", ".join(f"{u.path} ({u.read} of {u.length} bytes)" for u in self.uploads)

    def connect_studio(self):
        return socket.create_connection(self._studio)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            with client:
                data = b""
                while b"\r\n\r\n" not in data:
                    piece = client.recv(_PIECE)
                    if not piece:
                        return
                    data += piece
                head, body = data.split(b"\r\n\r\n", 1)
                if head.startswith(b"POST ") and b"/complete " in head.split(b"\r\n", 1)[0]:
                    self._serve_upload(Connection(self, client, head + b"\r\n\r\n", body))
                else:
                    self._tunnel(client, data)
        except OSError:
            pass  # either side went away, as it may

    def _serve_upload(self, connection):
        with self._lock:
            self.uploads.append(connection.upload)
            fault = self._faults.pop(0) if self._faults else Connection.forward
        fault(connection)

    def _tunnel(self, client, data):
        with self.connect_studio() as studio:
            studio.sendall(data)
            back = threading.Thread(target=self._pump, args=(studio, client), daemon=True)
            back.start()
            self._pump(client, studio)
            back.join()

    @staticmethod
    def _pump(source, target):
        try:
            while piece := source.recv(_PIECE):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, target):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
