"""What scripts/bench measures from outside of a worker: memory, rest, start, and uploads."""

import base64
import functools
import hashlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import bench_tls
from bench_sides import CREDENTIALS, cpu_seconds, sum_of, switches, tree


def idle(sides, side, seconds, tls=False):
    """Connected, and nothing to do: PSS in KiB, wake-ups a second, share of one processor. With `tls` ours only: the
    public worker has its certificate authorities built in, and takes no other."""
    scenario = f"[studio]\n{CREDENTIALS}"
    with sides.studio(scenario, "--stay") as (_studio, port, folder):
        client, where = sides.client(side), port
        if tls:
            ca, certificate, key = bench_tls.authority(folder)
            where = bench_tls.Door(port, certificate, key).port
            client = functools.partial(sides.ours, base=f"https://localhost:{where}", trusted=ca)
        with sides.running(client, folder, where) as process:
            time.sleep(min(20, seconds))
            pids = tree(process.pid)
            began, woken, busy = time.monotonic(), switches(pids), cpu_seconds(pids)
            time.sleep(seconds)
            took = time.monotonic() - began
            if not connected(port):
                sys.exit(f"error: {side} was not connected while it should have been at rest")
            return {"pss_kib": sum_of(pids, "smaps_rollup", "Pss"), "wakeups_per_s": (switches(pids) - woken) / took,
                    "cpu_percent": 100 * (cpu_seconds(pids) - busy) / took}


def connected(port):
    """Whether the studio has a session that sends heartbeats."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/dev/report") as answer:
        sessions = json.load(answer)["sessions"]
    return any(session["closed"] == "open" and session["heartbeats"] > 0 for session in sessions)


def large_prompts(sides, side, size):
    """Three image and three llm jobs with prompts of `size` bytes: highest RSS of the whole process tree, and RSS
    afterwards, in KiB."""
    jobs = "".join(f"[[jobs]]\nkind = \"{kind}\"\ngame = \"g\"\ncount = 3\nprompt_bytes = {size}\n"
                   for kind in ("image", "llm"))
    with sides.studio(f"[studio]\n{CREDENTIALS}{jobs}", "--quick-ack") as (studio, port, folder):
        peak = 0
        with sides.running(sides.client(side), folder, port) as process:
            while studio.poll() is None:
                peak = max(peak, sum_of(tree(process.pid), "status", "VmRSS"))
                time.sleep(0.005)
            report = json.loads((folder / "report.json").read_text())
            after = sum_of(tree(process.pid), "status", "VmRSS")
        if any(job["outcome"] != "done" for job in report["jobs"]):
            sys.exit(f"error: {side} did not deliver every job with a prompt of {size} bytes")
        return {"peak_rss_kib": peak, "rss_after_kib": after}


def switching(connection):
    """The answer to the WebSocket request that comes on this connection."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(4096)
    fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    fields = {name.lower(): value for name, value in fields.items()}
    key = fields[b"sec-websocket-key"] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    protocol = fields.get(b"sec-websocket-protocol")
    chosen = b"Sec-WebSocket-Protocol: " + protocol.split(b",")[0] + b"\r\n" if protocol else b""
    return (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(hashlib.sha1(key).digest()) + b"\r\n" + chosen + b"\r\n")


def start_to_hello(sides, side):
    """Milliseconds from the start of the program to the first byte of its first frame."""
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryDirectory() as name:
        began = time.monotonic()
        with sides.running(sides.client(side), pathlib.Path(name), server.getsockname()[1]):
            connection, _ = server.accept()
            with connection:
                connection.sendall(switching(connection))
                connection.recv(1)
                took = time.monotonic() - began
        return 1000 * took


class Sink:
    """Answers every upload with 200 and forgets it."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}/complete"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.server.accept()
            threading.Thread(target=self.take, args=(connection,), daemon=True).start()

    @staticmethod
    def take(connection):
        buffer = bytearray(1 << 20)
        with connection:
            while True:
                head = b""
                while b"\r\n\r\n" not in head:
                    more = connection.recv(65536)
                    if not more:
                        return
                    head += more
                head, _, body = head.partition(b"\r\n\r\n")
                length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                              if line.startswith(b"content-length:"))
                if b"100-continue" in head.lower():
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                left = length - len(body)
                while left > 0:
                    got = connection.recv_into(buffer, min(left, len(buffer)))
                    if got == 0:
                        return
                    left -= got
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")


def uploads(build, folder, size, rounds, count):
    """MB/s of curl, of ours and of ours with a hash, one of each by turns; and how much the caller grew, in KiB."""
    file = folder / "upload.bin"
    with file.open("wb") as out:
        for _ in range(size >> 20):
            out.write(os.urandom(1 << 20))
        # Or the disk would write it while the first rounds run.
        os.fsync(out.fileno())
    sink = Sink()
    growth = []

    def curl():
        began = time.monotonic()
        subprocess.run(["curl", "-sS", "-o", "/dev/null", "-F", f"image=@{file};filename=image.png", sink.url],
                       check=True)
        return size / 1e6 / (time.monotonic() - began)

    def ours(how):
        argv = [build / "tests" / "bench" / "upload-client", build / "bin" / "studio-transfer", sink.url, file, "2", how]
        done = json.loads(subprocess.run([str(a) for a in argv], check=True, capture_output=True).stdout)
        growth.append(done["growth_kib"])
        # The first one starts the transfer program, as curl's time holds its own start.
        return size / 1e6 / done["seconds"][0]
    rates = rounds.by_turns(count, {"curl": curl, "plain": lambda: ours("plain"), "hash": lambda: ours("hash")})
    file.unlink()
    return rates, growth
