"""Runs the dev-studio program and a small scripted worker against it, over real sockets.

Usage: self_test.py PATH_TO_DEV_STUDIO
"""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
import zlib

PROGRAM = sys.argv.pop(1)
INSTALL = "5d0c2a9e-77b1-4c3e-9f10-2b6a8e4410cd"
CAPABILITIES = {
    "machineName": "bench-02", "username": "artist", "agentVersion": "9.9.9", "engine": "multi",
    "vramTotalGb": 16.0, "vramThresholdGb": 12.0, "autoEnabled": True, "autoStart": True,
    "supportedModels": ["synthetic"],
    "taskKinds": ["image", "llm", "audio_stt", "audio_tts", "video", "mesh"],
    "supportedModelsPerKind": {}, "modelEngines": ["synthetic"],
}
CHAT = {
    "object": "chat.completion", "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Neap."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
TRANSCRIPT = {"text": "a bell", "language": "en", "duration": 1.0}


def png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0abc")) + chunk(b"IEND", b"")


def wav(count=100):
    samples = b"\0\0" * count
    return (b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt " +
            struct.pack("<IHHIIHH", 16, 1, 1, 22050, 44100, 2, 16) + b"data" + struct.pack("<I", len(samples)) + samples)


def webp():
    return b"RIFF" + struct.pack("<I", 12) + b"WEBPVP8L" + b"\0\0\0\0"


def glb():
    body = struct.pack("<I", 4) + b"JSON{}  "
    return b"glTF" + struct.pack("<II", 2, 12 + len(body)) + body


FILES = {"image": ("png", "image/png", png()), "audio_tts": ("wav", "audio/wav", wav()),
         "video": ("webp", "image/webp", webp()), "mesh": ("glb", "model/gltf-binary", glb())}


def full_prompt(task):
    kind = task["kind"]
    if kind == "llm":
        return task["messages"][-1]["content"]
    return {"audio_stt": task.get("inputUrl"), "audio_tts": task.get("text"), "mesh": ""}.get(kind, task.get("prompt"))


class Studio:
    """The program under test with a scenario; its report after it ended."""

    def __init__(self, folder, scenario, *flags):
        self.folder = folder
        path = os.path.join(folder, "run.toml")
        with open(path, "w") as file:
            file.write(scenario)
        self.port_file = os.path.join(folder, "port")
        command = [PROGRAM, "--scenario", path, "--port-file", self.port_file, "--report", self.path("report.json"),
                   "--results", self.path("results"), "--for", "40", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.first_line = self.process.stdout.readline().strip()
        with open(self.port_file) as file:
            self.port = int(file.read())

    def path(self, name):
        return os.path.join(self.folder, name)

    def request(self, method, target, body=None, headers=None):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, target, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()

    def end(self):
        output, errors = self.process.communicate(timeout=45)
        with open(self.path("report.json")) as file:
            return self.process.returncode, json.load(file), output + errors


class Worker:
    """One WebSocket session, frame by frame."""

    def __init__(self, studio, worker="w-1", token="tide", protocol="studio-worker-v1"):
        self.studio, self.worker, self.token = studio, worker, token
        self.socket = socket.create_connection(("127.0.0.1", studio.port), timeout=30)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET /graphics/api/workers/{worker}/connect HTTP/1.1", f"Host: 127.0.0.1:{studio.port}",
                 "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}",
                 "Sec-WebSocket-Version: 13", f"Authorization: Bearer {token}"]
        if protocol:
            lines.append(f"Sec-WebSocket-Protocol: {protocol}")
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        self.status = int(self.stream.readline().split()[1])
        self.headers = {}
        while True:
            line = self.stream.readline().decode().strip()
            if not line:
                break
            name, value = line.split(":", 1)
            self.headers[name.lower()] = value.strip()

    def send(self, frame, opcode=1):
        data = json.dumps(frame).encode() if not isinstance(frame, bytes) else frame
        size = len(data)
        head = bytes([0x80 | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        else:
            head += bytes([0x80 | 126]) + struct.pack(">H", size)
        self.socket.sendall(head + b"\0\0\0\0" + data)

    def receive(self):
        """The next frame: (type, object), ("close", code), or ("lost", None)."""
        head = self.stream.read(2)
        if len(head) < 2:
            return "lost", None
        size = head[1] & 127
        if size == 126:
            size = struct.unpack(">H", self.stream.read(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.stream.read(8))[0]
        data = self.stream.read(size)
        if head[0] & 15 == 8:
            return "close", struct.unpack(">H", data[:2])[0]
        frame = json.loads(data)
        return frame["type"], frame

    def arrive(self):
        self.send({"type": "hello", "authToken": self.token, "capabilities": CAPABILITIES})
        assert self.receive()[0] == "welcome"
        self.send({"type": "heartbeat", "capabilities": CAPABILITIES})
        assert self.receive()[0] == "heartbeatAck"

    def upload(self, job, task, data=None):
        ext, mime, usual = FILES[task["kind"]]
        data = data or usual
        body = b""
        for name, value in (("prompt", full_prompt(task)), ("ext", ext)):
            body += f'--tide\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        body += (f'--tide\r\nContent-Disposition: form-data; name="image"; filename="{job}.{ext}"\r\n'
                 f"Content-Type: {mime}\r\n\r\n").encode() + data + b"\r\n--tide--\r\n"
        return self.studio.request("POST", f"/graphics/api/workers/{self.worker}/jobs/{job}/complete", body,
                                   {"Authorization": f"Bearer {self.token}",
                                    "Content-Type": "multipart/form-data; boundary=tide"})

    def do(self, frame):
        claim = frame["claim"]
        job, task = claim["jobId"], claim["task"]
        self.send({"type": "accept", "jobId": job})
        if task["kind"] in FILES:
            return self.upload(job, task)[0]
        result = CHAT if task["kind"] == "llm" else TRANSCRIPT
        self.send({"type": "completeJson", "jobId": job, "result": result, "prompt": full_prompt(task)})
        return self.receive()[0]

    def work(self, offers):
        for _ in range(offers):
            kind, frame = self.receive()
            assert kind == "offer", (kind, frame)
            self.do(frame)


FIXED = '[studio]\nworker_id = "w-1"\nauth_token = "tide"\n'
KINDS = "".join(f'[[jobs]]\nkind = "{kind}"\nexpect = "done"\n'
                for kind in ("image", "llm", "audio_stt", "audio_tts", "video", "mesh"))


class SelfTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="dev-studio-self-test-")
        self.addCleanup(self.folder.cleanup)

    def studio(self, scenario, *flags):
        studio = Studio(self.folder.name, scenario, *flags)
        self.addCleanup(studio.process.stdout.close)
        self.addCleanup(studio.process.stderr.close)
        self.addCleanup(studio.process.wait)
        self.addCleanup(studio.process.kill)
        return studio

    def worker(self, studio, **options):
        worker = Worker(studio, **options)
        self.addCleanup(worker.socket.close)
        self.addCleanup(worker.stream.close)
        return worker

    def test_registers_and_delivers_every_kind(self):
        studio = self.studio(KINDS)
        self.assertEqual(studio.first_line, f"dev-studio listening on http://127.0.0.1:{studio.port}")
        secret = "ab" * 32
        request = {"installId": INSTALL, "registrationSecretHash": hashlib.sha256(secret.encode()).hexdigest(),
                   "capabilities": CAPABILITIES, "userAgent": "studio-worker/9.9.9"}
        status, body = studio.request("POST", "/graphics/api/workers/register-request", json.dumps(request))
        self.assertEqual(status, 201)
        name = json.loads(body)["requestId"]
        status, body = studio.request("GET", f"/graphics/api/workers/register-requests/{name}", None,
                                      {"Authorization": f"Bearer {secret}"})
        approved = json.loads(body)
        self.assertEqual(approved["status"], "approved")
        worker = self.worker(studio, worker=approved["workerId"], token=approved["authToken"])
        self.assertEqual(worker.status, 101)
        self.assertEqual(worker.headers["sec-websocket-protocol"], "studio-worker-v1")
        worker.arrive()
        worker.work(6)
        code, report, output = studio.end()
        self.assertEqual((code, report["violations"]), (0, []), output)
        self.assertEqual([job["outcome"] for job in report["jobs"]], ["done"] * 6)
        for job in report["jobs"]:
            with open(os.path.join(studio.path("results"), job["result"]["file"]), "rb") as file:
                data = file.read()
            self.assertEqual(len(data), job["result"]["bytes"])
            self.assertEqual(hashlib.sha256(data).hexdigest(), job["result"]["sha256"])
        self.assertEqual(sorted(os.listdir(studio.path("results"))), sorted(j["result"]["file"] for j in report["jobs"]))

    def test_a_violation_is_answered_closed_and_reported(self):
        studio = self.studio(FIXED + KINDS)
        worker = self.worker(studio)
        worker.arrive()
        self.assertEqual(worker.receive()[0], "offer")
        worker.send({"type": "accept", "jobId": "job-of-another"})
        kind, frame = worker.receive()
        self.assertEqual((kind, frame["code"]), ("error", "protocol_violation"))
        self.assertEqual(worker.receive(), ("close", 4002))
        studio.process.terminate()
        code, report, _ = studio.end()
        self.assertEqual(code, 1)
        self.assertEqual([v["rule"] for v in report["violations"]], ["unknown-job"])
        self.assertIn("job-of-another", report["violations"][0]["frame"])

    def test_refuses_upgrades_that_are_not_allowed(self):
        studio = self.studio(FIXED + KINDS, "--upgrade-status", "503@1")
        self.assertEqual(self.worker(studio).status, 503)
        self.assertEqual(self.worker(studio, token="ebb").status, 401)
        self.assertEqual(self.worker(studio, worker="w-9").status, 404)
        self.assertEqual(self.worker(studio, protocol=None).status, 400)
        self.assertEqual(self.worker(studio).status, 101)
        studio.process.terminate()
        code, report, _ = studio.end()
        self.assertEqual((code, [v["rule"] for v in report["violations"]]), (1, ["sub-protocol"]))

    def test_plays_its_faults(self):
        studio = self.studio(FIXED + '[[jobs]]\nkind = "image"\nexpect = "done"\n', "--drop-mid-job", "1",
                             "--upload-503", "1", "--cut-upload", "2", "--garbage", "2", "--garbage-kinds", "array")
        worker = self.worker(studio)
        worker.arrive()
        _, frame = worker.receive()
        worker.send({"type": "accept", "jobId": frame["claim"]["jobId"]})
        try:
            self.assertEqual(worker.receive()[0], "lost")
        except ConnectionResetError:
            pass
        worker = self.worker(studio)
        worker.arrive()
        with self.assertRaises(TypeError):  # the garbage is a list, which has no "type"
            worker.receive()
        _, frame = worker.receive()
        claim = frame["claim"]
        worker.send({"type": "accept", "jobId": claim["jobId"]})
        self.assertEqual(worker.upload(claim["jobId"], claim["task"])[0], 503)
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            worker.upload(claim["jobId"], claim["task"])
        self.assertEqual(worker.upload(claim["jobId"], claim["task"])[0], 200)
        code, report, output = studio.end()
        self.assertEqual((code, report["violations"]), (0, []), output)
        self.assertEqual(report["jobs"][0]["attempts"], 1)
        self.assertEqual([s["closed"] for s in report["sessions"]], ["dropped", "open"])

    def test_control_routes_replace_sleeps(self):
        studio = self.studio(FIXED, "--bench")
        worker = self.worker(studio)
        worker.arrive()
        self.assertEqual(studio.request("GET", "/dev/wait?settled=1&timeout_ms=1")[0], 408)
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(studio.request("GET", "/dev/wait?settled=2")[0]))
        waiting.start()
        status, body = studio.request("POST", "/dev/jobs", '[{"kind":"llm","count":2}]')
        self.assertEqual((status, len(json.loads(body)["ids"])), (200, 2))
        worker.work(2)
        waiting.join(20)
        self.assertEqual(answers, [200])
        self.assertEqual(json.loads(studio.request("GET", "/dev/report")[1])["settled"], 2)
        self.assertEqual(studio.request("POST", "/dev/finish")[0], 200)
        code, report, output = studio.end()
        self.assertEqual(code, 0, output)
        self.assertEqual(report["latency_us"]["offer_to_answer"]["count"], 2)
        self.assertIn("jobs per second", output)

    def test_a_silent_studio_answers_nothing_and_notices_the_end(self):
        studio = self.studio(FIXED + KINDS, "--go-silent-job", "1")
        worker = self.worker(studio)
        worker.arrive()
        _, frame = worker.receive()
        worker.send({"type": "accept", "jobId": frame["claim"]["jobId"]})
        worker.send({"type": "heartbeat", "capabilities": CAPABILITIES})
        worker.send(b"", opcode=9)
        worker.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(worker.receive()[0], "lost")
        studio.process.terminate()
        code, report, _ = studio.end()
        self.assertEqual((code, report["violations"]), (0, []))
        self.assertEqual(report["sessions"][0]["closed"], "silent")

    def test_takes_large_uploads_and_refuses_large_control_bodies(self):
        studio = self.studio(FIXED + '[[jobs]]\nkind = "audio_tts"\nexpect = "done"\n')
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", studio.port, timeout=30)) as connection:
            connection.putrequest("POST", "/dev/jobs")
            connection.putheader("Content-Length", str(17 << 20))
            connection.endheaders()
            self.assertEqual(connection.getresponse().status, 413)
        worker = self.worker(studio)
        worker.arrive()
        claim = worker.receive()[1]["claim"]
        worker.send({"type": "accept", "jobId": claim["jobId"]})
        data = wav(3_000_000)
        self.assertEqual(worker.upload(claim["jobId"], claim["task"], data)[0], 200)
        code, report, output = studio.end()
        self.assertEqual((code, report["violations"]), (0, []), output)
        self.assertEqual(report["jobs"][0]["result"]["sha256"], hashlib.sha256(data).hexdigest())

    def test_usage_and_scenario_errors_exit_2(self):
        path = os.path.join(self.folder.name, "bad.toml")
        with open(path, "w") as file:
            file.write('[[jobs]]\nkind = "tide"\n')
        result = subprocess.run([PROGRAM, "--scenario", path], capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("bad.toml:2:8: jobs[0].kind", result.stderr)
        self.assertEqual(subprocess.run([PROGRAM, "--tide"], capture_output=True, check=False).returncode, 2)

    def test_the_time_limit_exits_3(self):
        path = os.path.join(self.folder.name, "run.toml")
        with open(path, "w") as file:
            file.write(KINDS)
        result = subprocess.run([PROGRAM, "--scenario", path, "--for", "0.05"], capture_output=True, check=False)
        self.assertEqual(result.returncode, 3)


if __name__ == "__main__":
    unittest.main()
