#!/usr/bin/env python3
"""Starts engine.py as the worker does and speaks the worker's half of the protocol."""

import json
import os
import socket
import struct
import subprocess
import sys
import unittest

ENGINE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "engine.py")


def launch(theirs):
    """The socket goes to descriptor 3 of a shell that then becomes the engine."""
    command = 'exec 3<&"$1"; exec "$2" "$3"'
    return subprocess.Popen(
        ["bash", "-c", command, "start", str(theirs.fileno()), sys.executable, ENGINE],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


class EchoEngine(unittest.TestCase):
    def setUp(self):
        self.ours, theirs = socket.socketpair()
        self.ours.settimeout(30)
        self.stream = self.ours.makefile("rb")
        self.process = launch(theirs)
        theirs.close()

    def tearDown(self):
        self.stream.close()
        self.ours.close()
        self.process.kill()
        self.process.communicate()

    def send(self, **frame):
        body = json.dumps(frame).encode()
        self.ours.sendall(struct.pack("<I", len(body)) + body)

    def receive(self):
        (size,) = struct.unpack("<I", self.stream.read(4))
        return json.loads(self.stream.read(size))

    def answer(self):
        progress = []
        while True:
            frame = self.receive()
            if frame["type"] != "progress":
                return frame, progress
            progress.append(frame)

    def run_job(self, job, task):
        self.send(type="run", job=job, task=task, inputs=[], out_dir="/tmp")
        return self.answer()

    def greet(self):
        self.send(type="hello", protocol=1, gpu=None, settings={})
        ready = self.receive()
        self.send(type="load", model="echo", files=[], defaults={})
        self.assertEqual(self.receive(), {"type": "loaded", "model": "echo", "vram_bytes": 0})
        return ready

    def test_answers_in_capitals_with_progress(self):
        self.assertEqual(self.greet()["kinds"], ["llm"])
        task = {"kind": "llm", "messages": [{"role": "user", "content": "häfen"}]}
        for job in ("a", "b"):
            frame, progress = self.run_job(job, task)
            self.assertEqual(frame["json"]["choices"][0]["message"]["content"], "HÄFEN")
            self.assertEqual([step["fraction"] for step in progress], [0.25, 0.5, 0.75, 1.0])

    def test_a_cancelled_job_gets_exactly_one_answer(self):
        self.greet()
        text = "x" * 1000
        self.send(type="run", job="j", task={"kind": "llm", "messages": [{"content": text}]}, inputs=[], out_dir="/tmp")
        self.send(type="cancel", job="j")
        frame, _ = self.answer()
        self.assertEqual(frame["job"], "j")
        if frame["type"] != "result":  # the job may end before the cancel is read
            self.assertEqual(frame["class"], "cancelled")
        frame, _ = self.run_job("next", {"kind": "llm", "messages": []})
        self.assertEqual((frame["type"], frame["job"]), ("result", "next"))

    def test_bad_tasks_fail_and_the_engine_goes_on(self):
        self.greet()
        self.assertEqual(self.run_job("a", {"kind": "image", "prompt": "p"})[0]["class"], "unsupported")
        self.assertEqual(self.run_job("b", {"kind": "llm"})[0]["class"], "bad_request")
        self.assertEqual(self.run_job("c", {"kind": "llm", "messages": ["x"]})[0]["class"], "bad_request")
        self.assertEqual(self.run_job("d", {"kind": "llm", "messages": []})[0]["type"], "result")

    def test_ends_with_quit_and_with_the_socket(self):
        self.greet()
        self.send(type="quit")
        self.assertEqual(self.process.wait(30), 0)

    def test_ends_when_the_worker_is_gone(self):
        self.greet()
        self.ours.shutdown(socket.SHUT_RDWR)
        self.assertEqual(self.process.wait(30), 0)

    def test_garbage_ends_it_with_code_2(self):
        self.ours.sendall(struct.pack("<I", 2) + b"[]")
        self.assertEqual(self.process.wait(30), 2)
        self.assertIn("no JSON object", self.process.stderr.read())

    def test_an_oversized_frame_ends_it_with_code_2(self):
        self.ours.sendall(struct.pack("<I", (64 << 20) + 1))
        self.assertEqual(self.process.wait(30), 2)


if __name__ == "__main__":
    unittest.main()
