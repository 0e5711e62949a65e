"""Broken WebSocket frames from the studio: rows F1 to F9 of the fault catalogue, beside tests/conformance.

Each costs the connection, with the close code that RFC 6455 asks for, and nothing else: the same worker serves the next
session. What is refused early is refused from its head: no test sends the bytes that a wrong head announces.
"""

import json
import queue
import struct
import unittest

from harness import LIMIT, Scenario, sanitized
from rogue import BINARY, CONTINUATION, PING, PONG, TEXT, close_frame, frame, offer, play

PROTOCOL_ERROR, UNSUPPORTED, BAD_PAYLOAD, TOO_BIG = 1002, 1003, 1007, 1009
MESSAGE_LIMIT = 64 << 20


class Frames(Scenario):
    def after(self, data, *wanted, growth=None):
        """The worker's close code after `data` on an open session is one of `wanted`; then it serves the next one."""
        codes = queue.Queue()

        def script(peer):
            peer.welcome()
            codes.put(peer.studio.worker.memory("VmHWM"))
            for part in data if isinstance(data, list) else [data]:
                peer.raw(part)
            codes.put(peer.close_code())
            codes.put(peer.studio.worker.memory("VmHWM"))
        studio, worker = play(self, script)
        before, code, after = (codes.get(timeout=LIMIT) for _ in range(3))
        self.assertIn(code, wanted)
        if growth is not None and not sanitized():
            self.assertLess(after - before, growth)
        worker.wait_line("session error: .*; reconnect attempt 1 in")
        studio.wait_heard("hello", 2)
        counters = self.status()["connection"]
        studio.finish(self, worker)
        self.assertEqual(len(studio.accepted), 2)
        return worker, counters

    def test_F1_lengths_beyond_every_limit(self):
        for length in (1 << 62, (1 << 63) + 3):
            with self.subTest(length=length):
                worker, _ = self.after(frame(TEXT, length=length), TOO_BIG, growth=4 << 20)
                worker.wait_line("a message of the server exceeds 64 MiB")

    def test_F2_lengths_that_are_not_the_shortest_form(self):
        for head in (b"\x81\x7e" + struct.pack(">H", 125), b"\x81\x7f" + struct.pack(">Q", 65535)):
            with self.subTest(head=head):
                self.after(head, PROTOCOL_ERROR)

    def test_F3_masked_frame(self):
        self.after(b"\x81\x81" + b"mask" + b"x", PROTOCOL_ERROR)

    def test_F4_fragments_without_an_end(self):
        piece = b"f" * (1 << 20)
        fragments = [frame(TEXT, piece, final=False)] + [frame(CONTINUATION, piece, final=False)] * 63
        beyond = frame(CONTINUATION, final=False, length=1 << 20)
        worker, _ = self.after([*fragments, beyond], TOO_BIG, growth=MESSAGE_LIMIT + (8 << 20))
        worker.wait_line("a message of the server exceeds 64 MiB")

    def test_F5_ten_thousand_pings_in_one_write(self):
        heard = queue.Queue()

        def script(peer):
            peer.welcome()
            before = peer.studio.worker.memory()
            peer.raw(b"".join(frame(PING, b"%08d" % number) for number in range(10_000)))
            pongs = []
            while not pongs or pongs[-1] != b"%08d" % 9_999:
                opcode, payload = peer.read_frame()
                if opcode == PONG:
                    pongs.append(payload)
            heard.put((pongs, peer.studio.worker.memory() - before))
            peer.serve()
        studio, worker = play(self, script)
        pongs, growth = heard.get(timeout=LIMIT)
        self.assertEqual(pongs, sorted(set(pongs)))
        if not sanitized():
            self.assertLess(growth, 4 << 20)
        studio.wait_heard("heartbeat", 2)
        studio.finish(self, worker)
        self.assertEqual(len(studio.accepted), 1)

    def test_F6_bad_utf8_is_refused_at_its_first_byte(self):
        """The message is not over yet, and a code point may be cut by the frames' border."""
        for name, data in (("at once", frame(TEXT, b"ok \xc3(", final=False)),
                           ("over a border", frame(TEXT, b"\xe2\x82", final=False) +
                            frame(CONTINUATION, b"(", final=False)),
                           ("in mid-frame", frame(TEXT, b"\xf4\x90\x80\x80", length=1000))):
            with self.subTest(name=name):
                self.after(data, BAD_PAYLOAD)

    def test_F6_code_point_over_a_border_is_no_error(self):
        name = "h\u00fctte"
        whole = json.dumps({"type": name, "text": "\u20ac\U0001f3ee"}, ensure_ascii=False).encode()

        def script(peer):
            peer.welcome()
            peer.raw(frame(TEXT, whole[:1], final=False))
            for byte in whole[1:]:
                peer.raw(frame(CONTINUATION, bytes([byte]), final=False))
            peer.raw(frame(CONTINUATION))
            peer.serve()
        studio, worker = play(self, script)
        studio.wait_heard("heartbeat", 2)
        self.assertEqual(self.status()["connection"]["unknown_frames"], 1)
        studio.finish(self, worker)
        self.assertEqual(len(studio.accepted), 1)

    def test_F7_binary_frame(self):
        worker, counters = self.after(frame(BINARY, b"\x00\x01"), UNSUPPORTED)
        worker.wait_line("protocol error: unexpected binary frame")
        self.assertEqual(counters["bad_frames"], 1)

    def test_F8_close_codes_that_nobody_may_send(self):
        """Beast echoes what it takes for a code and calls the rest a protocol error; the session ends either way."""
        for code in (1005, 1014, 5000):
            with self.subTest(code=code):
                self.after(close_frame(code), PROTOCOL_ERROR, code)

    def test_F9_data_after_the_close_frame(self):
        late = frame(TEXT, json.dumps(offer("job-late")).encode()) + frame(PING, b"late")
        heard = queue.Queue()

        def script(peer):
            peer.welcome()
            peer.raw(close_frame(1001) + late)
            assert peer.close_code() == 1001
            heard.put(peer.rest())
        studio, worker = play(self, script)
        self.assertEqual(heard.get(timeout=LIMIT), b"")
        studio.wait_heard("hello", 2)
        studio.finish(self, worker)
        self.assertNotIn("job-late", worker.output())


if __name__ == "__main__":
    unittest.main()
