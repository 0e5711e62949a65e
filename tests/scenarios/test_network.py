"""The network between worker and studio fails in every way it can: rows N1 to N17 of the fault catalogue.

What takes minutes is proven on a virtual clock, with the same ids: tests/unit/studio, tests/unit/protocol. So is what
needs no more than a socket: tests/unit/net.
"""

import queue
import threading
import unittest

from harness import ENGINES, FAKES, LIMIT, Process, Scenario, WORKER, jobs, sanitized, stopwatch
from line import Line, Names, Swallower, can_name_hosts
from rogue import PING, PONG, SUB_PROTOCOL, TEXT, RogueStudio, close_frame, frame, offer, play

OWN_NAMES = unittest.skipUnless(can_name_hosts(), "needs a mount namespace for a hosts file of its own")


def answered(status, headers="", body=""):
    """A script that refuses the upgrade."""
    def script(peer):
        peer.request()
        peer.answer(status, headers, body)
    return script


class Reach(Scenario):
    def test_N1_studio_is_not_there_at_the_start(self):
        line = Line()
        self.processes.append(line)
        self.write_config(line.url)
        worker = self.worker()
        worker.wait_line(f"cannot connect to 127.0.0.1:{line.port}: Connection refused")
        worker.wait_line("reconnect attempt 2 in")
        self.assertIn(self.status()["connection"]["state"], ("connecting", "reconnecting"))
        studio = self.studio(jobs("llm", 1))
        line.open(studio.url)
        self.assert_delivered_once(self.assert_clean(studio))
        self.stop(worker)

    @OWN_NAMES
    def test_N2_name_that_resolves_later(self):
        names = Names(self.folder)
        studio = self.studio(jobs("llm", 1) + jobs("image", 1))
        self.write_config(studio.url.replace("127.0.0.1", "studio.test"))
        worker = self.worker(wrap=names.wrap)
        worker.wait_line("cannot resolve studio.test: ")
        worker.wait_line("reconnect attempt 2 in")
        names.set(("127.0.0.1", "studio.test"))
        self.assert_delivered_once(self.assert_clean(studio))
        self.stop(worker)

    @OWN_NAMES
    def test_N3_two_of_three_addresses_never_answer(self):
        first = Swallower("127.0.0.2")
        second = Swallower("127.0.0.3", first.port)
        studio = RogueStudio(address=("127.0.0.4", first.port))
        self.processes += [first, second, studio]
        names = Names(self.folder)
        names.set(*((f"127.0.0.{last}", "studio.test") for last in (2, 3, 4)))
        self.write_config(f"http://studio.test:{first.port}")
        passed = stopwatch()
        worker = self.worker(wrap=names.wrap)
        studio.wait_connections(1)
        self.assertGreater(passed(), 9)
        self.assertLess(passed(), 14)
        worker.wait_line("server welcomed")
        studio.finish(self, worker)
        self.assertEqual(len(studio.accepted), 1)


class SlowUpgrade(Scenario):
    def test_N5_upgrade_is_never_answered(self):
        studio, worker = play(self, lambda peer: peer.wait_gone())
        worker.wait_line("connect timed out after 15s")
        worker.wait_line("reconnect attempt 1 in")
        worker.wait_line("server welcomed")
        studio.finish(self, worker)


class Upgrade(Scenario):
    """Wrong answers to the upgrade: one line says what came, and the next try gets a session."""

    def next_try_is_good(self, script, line, floor=0.0):
        studio, worker = play(self, script)
        worker.wait_line(line)
        worker.wait_line("server welcomed")
        self.assertGreaterEqual(studio.accepted[1] - studio.accepted[0], floor)
        studio.finish(self, worker)
        self.assertEqual(len(studio.accepted), 2)

    def test_N6_refusals_that_may_pass(self):
        page = "<html>sign in</html>"
        for status, headers, body in (("200 OK", "Content-Type: text/html\r\n", page), ("403 Forbidden", "", "no"),
                                      ("426 Upgrade Required", "", "")):
            with self.subTest(status=status):
                told = "a web page, so this is no studio" if body == page else body
                said = f"HTTP {status} on websocket upgrade" + (f": {told}" if told else "")
                self.next_try_is_good(answered(status, headers, body), said)

    def test_N6_retry_after_is_a_floor(self):
        for status in ("429 Too Many Requests", "503 Service Unavailable"):
            with self.subTest(status=status):
                self.next_try_is_good(answered(status, "Retry-After: 2\r\n"), f"HTTP {status}", floor=2.0)

    def test_N6_redirect_is_not_followed(self):
        elsewhere = RogueStudio()
        self.processes.append(elsewhere)
        self.next_try_is_good(answered("301 Moved Permanently", f"Location: {elsewhere.url}/\r\n"), "HTTP 301")
        self.assertEqual(elsewhere.accepted, [])

    def test_N6_401_stops_and_says_what_to_do(self):
        studio, worker = play(self, answered("401 Unauthorized"))
        self.assertEqual(worker.wait(), 4, worker.output())
        worker.wait_line("auth failed: 401 on websocket upgrade. Re-register the worker.")
        self.assertEqual(len(studio.accepted), 1)

    def test_N6_404_asks_for_approval_again(self):
        asked = queue.Queue()

        def register(peer):
            asked.put(peer.request())
            peer.answer("200 OK", body='{"requestId": "rr-1", "status": "pending"}')
        studio, worker = play(self, answered("404 Not Found", body="worker not found"), register)
        worker.wait_line("HTTP 404 Not Found on websocket upgrade: worker not found")
        self.assertIn("POST /graphics/api/workers/register-request ", asked.get(timeout=LIMIT))
        worker.wait_line("pending operator approval")
        studio.finish(self, worker)

    def test_N7_handshake_that_is_not_ours(self):
        for name, arguments, said in (
                ("accept key", {"accept": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, "websocket upgrade at .*Sec-WebSocket-Accept"),
                ("no sub-protocol", {"headers": ""}, "did not choose sub-protocol studio-worker-v1"),
                ("other sub-protocol", {"headers": "Sec-WebSocket-Protocol: other\r\n"}, "sub-protocol nobody asked for"),
                ("extension", {"headers": SUB_PROTOCOL + "Sec-WebSocket-Extensions: permessage-deflate\r\n"},
                 "extension nobody asked for")):
            def script(peer, arguments=arguments):
                peer.upgrade(**arguments)
                peer.wait_gone()
            with self.subTest(name=name):
                self.next_try_is_good(script, said)


class Route(Scenario):
    def test_N8_N16_link_goes_mute_in_mid_job_and_a_new_connection_works(self):
        """The job goes on, the link is left at 20 s, and the running job is adopted on the next session."""
        line = Line()
        studio = self.studio(jobs("image", 1, engine="sd-cpp", model="sd-cpp:x", prompt="slow:23"))
        self.processes.append(line)
        line.open(studio.url)
        self.write_config(line.url)
        worker = self.worker(engines=[FAKES, ENGINES])
        worker.wait_line(r"\[policy\] accepted")
        line.strand()
        passed = stopwatch()
        worker.wait_line("no frames from server for 20s")
        self.assertLess(passed(), 21)
        worker.wait_line("server welcomed", after=worker.lines.index(worker.wait_line("reconnect attempt 1 in")))
        self.assertEqual(worker.count("image dispatched in"), 0)
        self.assert_delivered_once(self.assert_clean(studio))
        self.assertEqual(worker.count("image dispatched in"), 1, worker.output())
        self.stop(worker)


class Cuts(Scenario):
    def test_N9_reset_in_mid_message(self):
        def cut(peer):
            peer.welcome()
            half = frame(TEXT, str(offer("job-half")).encode())[:60]
            peer.raw(frame(PING, b"with the half") + half)
            while peer.read_frame() != (PONG, b"with the half"):
                pass
            peer.reset()
        delivered = queue.Queue()

        def offer_another(peer):
            peer.welcome()
            peer.say(offer("job-whole"))
            delivered.put(peer.until("completeJson")["jobId"])
            peer.say({"type": "completeAck", "jobId": "job-whole"})
            peer.serve()
        studio, worker = play(self, cut, offer_another)
        self.assertEqual(delivered.get(timeout=LIMIT), "job-whole")
        worker.wait_line("studio confirmed completion of job job-whole")
        worker.wait_line("session error: .*Connection reset by peer")
        studio.finish(self, worker)
        self.assertNotIn("job-half", str(studio.heard))

    def test_N10_close_codes_that_mean_come_again(self):
        for code in (1000, 1001, 1008, 1011, 1012, 1013, 4000, 4002):
            def close(peer, code=code):
                peer.welcome()
                peer.raw(close_frame(code, "as told"))
                assert peer.close_code() == code
            with self.subTest(code=code):
                studio, worker = play(self, close)
                worker.wait_line(f"session error: server closed {code}: as told; reconnect attempt 1 in")
                studio.wait_heard("hello", 2)
                studio.finish(self, worker)
                self.assertEqual(len(studio.accepted), 2)

    def closed_with(self, code, *scripts):
        def close(peer):
            peer.welcome()
            peer.raw(close_frame(code))
            peer.close_code()
        return play(self, close, *scripts)

    def test_N10_4001_stops(self):
        studio, worker = self.closed_with(4001)
        self.assertEqual(worker.wait(), 4, worker.output())
        worker.wait_line("auth failed: server closed 4001. Re-register the worker.")
        self.assertEqual(len(studio.accepted), 1)

    def test_N10_4004_asks_for_approval_again(self):
        asked = queue.Queue()
        studio, worker = self.closed_with(4004, lambda peer: asked.put(peer.request()))
        self.assertIn("POST /graphics/api/workers/register-request ", asked.get(timeout=LIMIT))
        studio.finish(self, worker)


class Trickle(Scenario):
    def test_N13_frame_that_comes_a_byte_a_second(self):
        """Heartbeats go on meanwhile, and the announced size costs no memory before its bytes arrive."""
        go = threading.Event()
        done = queue.Queue()

        def trickle(peer):
            peer.welcome()
            go.wait(LIMIT)
            peer.raw(frame(TEXT, length=60 << 20))
            peer.socket.settimeout(1.0)
            for _ in range(11):
                peer.wait_bytes()
                peer.raw(b" ")
            peer.socket.settimeout(LIMIT)
            beats = 0
            while beats < 2:
                beats += b'"heartbeat"' in peer.read_frame()[1]
            done.put(peer.studio.worker.memory())
        studio, worker = play(self, trickle)
        studio.wait_heard("heartbeat")
        before = worker.memory()
        go.set()
        after = done.get(timeout=LIMIT)
        if not sanitized():
            self.assertLess(after - before, 8 << 20)
        worker.wait_line("reconnect attempt 1 in")
        studio.finish(self, worker)


class Identity(Scenario):
    def test_N17_second_worker_with_the_identity_takes_over_and_is_not_fought_with(self):
        studio = self.studio(jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        first = self.worker()
        studio.wait_settled(1)
        second = self.second_worker()
        line = first.wait_line("another worker with this identity took the session over; not fighting for 240 s")
        self.assertIn("config directory of its own", line)
        connection = self.status()["connection"]
        self.assertEqual(connection["state"], "reconnecting")
        studio.add_jobs({"kind": "llm", "count": 3})
        studio.wait_settled(4)
        self.stop(first)
        self.stop(second)
        self.assertEqual((first.count("llm dispatched in"), second.count("llm dispatched in")), (1, 3))
        studio.finish()
        self.assert_delivered_once(self.assert_clean(studio))

    def second_worker(self):
        """One with the same credentials and everything else of its own."""
        other = self.folder / "other"
        config = other / "config.toml"
        for folder in (other, other / "run"):
            folder.mkdir(mode=0o700)
        config.write_text(self.config.read_text())
        config.chmod(0o600)
        process = Process([WORKER, "--config", config, "run", "--state", other / "state", "--runtime-dir",
                           other / "run", "--engines", ENGINES], env=self.environment(), cwd=other)
        self.processes.append(process)
        return process


if __name__ == "__main__":
    unittest.main()
