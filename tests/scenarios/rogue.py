"""A studio that misbehaves on purpose: raw sockets, and just enough of HTTP and WebSocket to break any rule of them.

A script is a function that plays one connection; it runs in a thread of its own and reads like the conversation.
"""

import base64
import hashlib
import json
import socket
import struct
import threading
import time

from harness import LIMIT

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONTINUATION = 0
SUB_PROTOCOL = "Sec-WebSocket-Protocol: studio-worker-v1\r\n"
WELCOME = {"type": "welcome", "workerId": "w-1", "serverTime": "2026-03-04T10:11:10Z"}


def frame(opcode, payload=b"", final=True, length=None):
    """The bytes of one frame; `length` announces another size than the payload's."""
    size = len(payload) if length is None else length
    head = bytes([(0x80 if final else 0) | opcode])
    if size < 126:
        head += bytes([size])
    elif size < 65536:
        head += b"\x7e" + struct.pack(">H", size)
    else:
        head += b"\x7f" + struct.pack(">Q", size)
    return head + payload


def close_frame(code, reason=""):
    return frame(CLOSE, struct.pack(">H", code) + reason.encode())


def offer(job, **task):
    claim = {"jobId": job, "gameId": "g", "assetName": "a", "model": "synthetic", "vramGbEstimate": 1.0,
             "task": {"kind": "llm", "messages": [{"role": "user", "content": "hi"}], **task},
             "modelSource": {"engine": "synthetic", "files": [],
                             "cliDefaults": {"cfgScale": 1.0, "steps": 1, "width": 1, "height": 1}}}
    return {"type": "offer", "claim": claim}


class Gone(Exception):
    """The worker hung up."""


class Peer:
    """One accepted connection, seen from the studio."""

    def __init__(self, connection, studio):
        self.socket = connection
        self.studio = studio
        self.socket.settimeout(LIMIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def _fill(self):
        try:
            got = self.socket.recv(65536)
        except ConnectionError:
            got = b""
        if not got:
            raise Gone()
        self._buffer += got

    def read(self, size):
        while len(self._buffer) < size:
            self._fill()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def request(self):
        """The head of an HTTP request."""
        while b"\r\n\r\n" not in self._buffer:
            self._fill()
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        return head.decode()

    def raw(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def answer(self, status, headers="", body=""):
        self.raw(f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}")

    def upgrade(self, headers=SUB_PROTOCOL, accept=None):
        request = self.request()
        key = next(line.split(": ", 1)[1] for line in request.split("\r\n") if line.startswith("Sec-WebSocket-Key: "))
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        self.raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 f"Sec-WebSocket-Accept: {accept or base64.b64encode(digest).decode()}\r\n{headers}\r\n")

    def welcome(self):
        """The upgrade and the frames up to the first heartbeat: a session."""
        self.upgrade()
        self.until("hello")
        self.say(WELCOME)
        self.until("heartbeat")

    def say(self, message):
        self.raw(frame(TEXT, json.dumps(message).encode()))

    def read_frame(self):
        """(opcode, payload) of the worker's next frame, which must be masked."""
        first, second = self.read(2)
        assert second & 0x80, "a frame of the worker is not masked"
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self.read(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.read(8))[0]
        mask = self.read(4)
        payload = self.read(size)
        return first & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))

    def until(self, kind):
        """The next frame of a type; others are passed over, as a studio does, and heartbeats are acknowledged."""
        while True:
            opcode, payload = self.read_frame()
            if opcode == PING:
                self.raw(frame(PONG, payload))
            if opcode == CLOSE:
                self.raw(frame(CLOSE, payload))
                raise Gone()
            if opcode != TEXT:
                continue
            message = json.loads(payload)
            self.studio.hear(message)
            if message["type"] == "heartbeat":
                self.say({"type": "heartbeatAck"})
            if message["type"] == kind:
                return message

    def close_code(self):
        """The code of the worker's close frame."""
        while True:
            opcode, payload = self.read_frame()
            if opcode == CLOSE:
                return struct.unpack(">H", payload[:2])[0] if payload else None

    def serve(self):
        """Goes on as a well-behaved studio until the worker leaves."""
        try:
            self.until("the end")
        except Gone:
            pass

    def wait_bytes(self):
        """Until the worker sends something, or the socket's time limit passes."""
        try:
            self._fill()
        except TimeoutError:
            pass

    def rest(self):
        """What the worker still sends after this side has said its last."""
        self.socket.shutdown(socket.SHUT_WR)
        try:
            while True:
                self._fill()
        except Gone:
            return self._buffer

    def wait_gone(self):
        """Reads until the worker hangs up."""
        try:
            while True:
                self._fill()
                self._buffer = b""
        except Gone:
            pass

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def well_behaved(peer):
    peer.welcome()
    peer.serve()


class RogueStudio:
    """Plays scripts[i] for the i-th connection, and a well-behaved studio for all that follow."""

    def __init__(self, *scripts, address=("127.0.0.1", 0)):
        self._scripts = scripts
        self._listener = socket.create_server(address, backlog=64)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.accepted = []  # when each connection came
        self.heard = []  # every message of the worker that a script read
        self.problems = []
        self.worker = None
        self.held = threading.Lock()  # while it is, no script begins
        self._peers = []
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                index = len(self.accepted)
                self.accepted.append(time.monotonic())
                self._peers.append(connection)
                self._changed.notify_all()
            thread = threading.Thread(target=self._play, args=(Peer(connection, self), index), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _play(self, peer, index):
        with self.held:
            pass
        try:
            script = self._scripts[index] if index < len(self._scripts) else well_behaved
            script(peer)
        except Gone:
            pass
        except Exception as problem:  # the test reads it: a thread has nobody to raise it to
            self.problems.append(f"connection {index}: {problem!r}")
        finally:
            peer.socket.close()

    def wait_connections(self, count, limit=LIMIT):
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.accepted) >= count, limit):
                raise AssertionError(f"{len(self.accepted)} connections instead of {count}")

    def hear(self, message):
        with self._changed:
            self.heard.append(message)
            self._changed.notify_all()

    def wait_heard(self, kind, count=1, limit=LIMIT):
        def enough():
            return sum(1 for message in self.heard if message["type"] == kind) >= count
        with self._changed:
            if not self._changed.wait_for(enough, limit):
                raise AssertionError(f"not {count} times {kind} in {self.heard}")

    def kill(self):
        """Hangs up on everyone and waits for the scripts."""
        for end in (self._listener, *self._peers):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # over already
        self._listener.close()
        for thread in self._threads:
            thread.join(LIMIT)

    def finish(self, test, worker):
        """The end of a test: the worker stops in order, and no script was surprised."""
        test.stop(worker)
        self.kill()
        test.assertEqual(self.problems, [])

    def output(self):
        return f"rogue studio, {len(self.accepted)} connections\n" + "\n".join(self.problems)


def play(test, *scripts):
    """A worker of `test` against a studio that plays the scripts: (studio, worker)."""
    studio = RogueStudio(*scripts)
    test.processes.append(studio)
    test.write_config(studio.url)
    with studio.held:
        studio.worker = test.worker()
    return studio, studio.worker
