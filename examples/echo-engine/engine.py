#!/usr/bin/env python3
"""An engine for studio-worker: answers a chat with its last message in capitals.

It speaks version 1 of the engine protocol (engines/README.md) on descriptor 3 and needs nothing but Python.
"""

import json
import os
import queue
import socket
import struct
import sys
import threading

PROTOCOL = 1
MAX_FRAME = 64 * 1024 * 1024
STEPS = 4


class Broken(Exception):
    """What came from the worker cannot be read."""


class Failed(Exception):
    """A job ends without a result; the first argument is its failure class."""


class Channel:
    """Frames to and from the worker. Any thread may send."""

    def __init__(self, sock):
        self._sock = sock
        self._lock = threading.Lock()

    def _read(self, size):
        data = bytearray()
        while len(data) < size:
            chunk = self._sock.recv(min(size - len(data), 1 << 20))
            if not chunk:
                return None
            data += chunk
        return bytes(data)

    def receive(self):
        """The next frame, or None when the worker is gone."""
        header = self._read(4)
        if header is None:
            return None
        (size,) = struct.unpack("<I", header)
        if size > MAX_FRAME:
            raise Broken(f"a frame of {size} bytes is longer than {MAX_FRAME}")
        body = self._read(size)
        if body is None:
            return None
        try:
            frame = json.loads(body)
        except ValueError as error:
            raise Broken(f"a frame is no JSON: {error}") from error
        if not isinstance(frame, dict):
            raise Broken("a frame is no JSON object")
        return frame

    def send(self, **frame):
        body = json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode()
        with self._lock:
            self._sock.sendall(struct.pack("<I", len(body)) + body)


def answer(task):
    if task.get("kind") != "llm":
        raise Failed("unsupported", f"echo engine cannot serve {task.get('kind')} tasks")
    messages = task.get("messages")
    if not isinstance(messages, list):
        raise Failed("bad_request", "task.messages must be a list")
    if not messages:
        return ""
    content = messages[-1].get("content") if isinstance(messages[-1], dict) else None
    if not isinstance(content, str):
        raise Failed("bad_request", "the content of the last message must be a string")
    return content.upper()


def words_of(task):
    """What stands for tokens here: a real engine counts those of its model."""
    contents = (message.get("content") for message in task["messages"] if isinstance(message, dict))
    return sum(len(content.split()) for content in contents if isinstance(content, str))


class Engine:
    """The reading thread answers hello and sees cancels; the working thread does one job after the other."""

    def __init__(self, channel):
        self._channel = channel
        self._work = queue.Queue()
        self._lock = threading.Lock()
        self._job = None
        self._cancelled = threading.Event()
        threading.Thread(target=self._work_forever, daemon=True).start()

    def serve(self):
        """Returns the exit code of the program."""
        while True:
            frame = self._channel.receive()
            if frame is None:
                return 0
            kind = frame.get("type")
            if kind == "hello":
                if frame.get("protocol") != PROTOCOL:
                    raise Broken(f"the worker speaks protocol {frame.get('protocol')}, not {PROTOCOL}")
                self._channel.send(
                    type="ready", protocol=PROTOCOL, name="echo", version="1", kinds=["llm"], models=["echo"]
                )
            elif kind == "load":
                self._channel.send(type="loaded", model=frame.get("model"), vram_bytes=0)
            elif kind == "run":
                self._begin(frame)
            elif kind == "cancel":
                with self._lock:
                    if self._job is not None and frame.get("job") == self._job:
                        self._cancelled.set()
            elif kind == "quit":
                return 0

    def _begin(self, frame):
        job = frame.get("job")
        with self._lock:
            if self._job is not None:
                self._fail(job, "bad_request", "the engine is busy: it does one job at a time")
                return
            self._job = job
            self._cancelled.clear()
        self._work.put(frame)

    def _work_forever(self):
        while True:
            frame = self._work.get()
            try:
                self._run(frame["job"], frame.get("task"))
            except OSError:
                os._exit(0)

    def _run(self, job, task):
        try:
            text = self._echo(job, task if isinstance(task, dict) else {})
        except Failed as failure:
            self._finish(lambda: self._fail(job, *failure.args))
            return
        result = {
            "object": "chat.completion",
            "model": "echo",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"},
            ],
        }
        read, written = words_of(task), len(text.split())
        result["usage"] = {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
        }
        self._finish(lambda: self._channel.send(type="result", job=job, json=result))

    def _echo(self, job, task):
        """A real engine computes here; between two steps it reports and looks for a cancel."""
        text = answer(task)
        done = ""
        for step in range(1, STEPS + 1):
            if self._cancelled.is_set():
                raise Failed("cancelled", "cancelled by the worker")
            done = text[: len(text) * step // STEPS]
            self._channel.send(type="progress", job=job, fraction=step / STEPS, step=step, steps=STEPS)
        return done

    def _finish(self, send_answer):
        """The engine is free before the answer can be read, so the next job never finds it busy."""
        with self._lock:
            self._job = None
            send_answer()

    def _fail(self, job, failure, message):
        self._channel.send(type="failed", job=job, message=message, **{"class": failure})


def main():
    try:
        sock = socket.socket(fileno=3)
    except OSError:
        print("engine: studio-worker starts this program, with a socket on descriptor 3", file=sys.stderr)
        return 2
    try:
        return Engine(Channel(sock)).serve()
    except Broken as error:
        print(f"engine: {error}", file=sys.stderr)
        return 2
    except OSError:
        return 0


if __name__ == "__main__":
    CODE = main()
    sys.stderr.flush()
    # A job may be running in the other thread; the end of the conversation does not wait for it.
    os._exit(CODE)
