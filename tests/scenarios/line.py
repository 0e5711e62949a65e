"""The network between a worker and its studio, played on loopback: refused, swallowed, cut and renamed connections."""

import os
import shlex
import socket
import subprocess
import threading

from harness import LIMIT


def _hang_up(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # never connected, or over already


class _Connection:
    """The two sockets of one connection: the worker's and the studio's."""

    def __init__(self, near, far):
        self.near = near
        self.far = far
        self._mute = False

    def carry(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            if not self._mute:
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def strand(self):
        """The studio sees the end; the worker's side stays open, and nothing will ever come from there."""
        self._mute = True
        _hang_up(self.far)


class Line:
    """A TCP line to a studio. Until `open` its address refuses; `strand` makes the present connections go mute."""

    def __init__(self):
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._studio = None
        self._connections = []
        self._lock = threading.Lock()
        self._threads = []

    def open(self, studio_url):
        host, port = studio_url.removeprefix("http://").split(":")
        self._studio = (host, int(port))
        self._listener.listen(64)
        self._start(self._accept)

    def _start(self, target, *arguments):
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            connection = _Connection(near, socket.create_connection(self._studio))
            with self._lock:
                self._connections.append(connection)
            self._start(connection.carry, connection.near, connection.far)
            self._start(connection.carry, connection.far, connection.near)

    def strand(self):
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.strand()

    def kill(self):
        ends = [self._listener]
        for connection in self._connections:
            ends += [connection.near, connection.far]
        for end in ends:
            _hang_up(end)
        for thread in self._threads:
            thread.join(LIMIT)
        for end in ends:
            end.close()

    def output(self):
        return f"line on {self.url} to {self._studio}"


class Swallower:
    """An address that never answers: its queue of connections is full, so the system drops what asks to connect."""

    def __init__(self, host, port=0):
        self._listener = socket.socket()
        self._listener.bind((host, port))
        self._listener.listen(0)
        self.port = self._listener.getsockname()[1]
        self._filling = []
        answered = True
        while answered:
            client = socket.socket()
            client.settimeout(0.2)
            answered = client.connect_ex((host, self.port)) == 0
            self._filling.append(client)

    def kill(self):
        for end in (self._listener, *self._filling):
            end.close()

    def output(self):
        return f"an address that never answers, port {self.port}"


def _namespace():
    own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *own, "--mount"]


def can_name_hosts():
    """Names of our own need a mount namespace; a container may forbid it."""
    return subprocess.run([*_namespace(), "true"], capture_output=True).returncode == 0


class Names:
    """A hosts file that only programs started with `wrap` see, in place of every other source of names."""

    def __init__(self, folder):
        self._hosts = folder / "hosts"
        self._order = folder / "nsswitch.conf"
        self._order.write_text("hosts: files\n")
        self.set()

    def set(self, *entries):
        # In place: the mount follows the file, not its name.
        self._hosts.write_text("".join(f"{address} {name}\n" for address, name in entries))

    @property
    def wrap(self):
        mounts = " && ".join(f"mount --bind {shlex.quote(str(own))} {system}" for own, system in
                             ((self._hosts, "/etc/hosts"), (self._order, "/etc/nsswitch.conf")))
        return [*_namespace(), "sh", "-c", f'{mounts} && exec "$@"', "sh"]
