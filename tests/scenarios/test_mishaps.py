"""What an operator's machine does to the programs: closed descriptors, a full disk behind the output, a configuration
that broke while the worker runs, a worker that was killed, an address that is no studio."""

import http.server
import json
import pathlib
import signal
import subprocess
import threading
import unittest

from harness import CREDENTIALS, FAKES, LIMIT, WORKER, Process, Scenario, jobs

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


class Descriptors(Scenario):
    def test_a_worker_started_with_closed_descriptors_writes_no_log_line_into_its_files(self):
        studio = self.studio(jobs("llm", 3))
        self.write_config(studio.url)
        for closing in ("2>&-", "<&- 2>&-", "<&- >&- 2>&-"):
            self.worker("--jobs", "1", wrap=("sh", "-c", f'exec "$@" {closing}', "sh")).wait()
        for path in (self.state / "journal", self.state / "lock", self.config.parent / "daemon.lock"):
            self.assertNotIn(b" info ", path.read_bytes(), path)
        self.assert_delivered_once(self.assert_clean(studio))

    def test_an_answer_that_cannot_be_written_is_no_success(self):
        self.write_config("http://127.0.0.1:9")
        for target, why in ((">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")):
            done = subprocess.run(["sh", "-c", f'exec "$@" {target}', "sh", WORKER, *self.base_flags(), "config", "show"],
                                  env=self.environment(), capture_output=True, text=True, timeout=LIMIT)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertEqual(done.stderr, f"error: cannot write the output: {why}\n")


class BrokenConfiguration(Scenario):
    def test_the_running_worker_is_reached_all_the_same(self):
        studio = self.studio("", "--stay")
        self.write_config(studio.url)
        worker = self.worker()
        worker.wait_line("server welcomed")
        self.config.write_text("vram_threshold_gb =\n" + CREDENTIALS)

        for verb in (("pause",), ("resume",), ("status",)):
            code, _, err = self.control(*verb, "--json")
            self.assertEqual(code, 0, err)
            self.assertRegex(err, r"^warning: config.toml:1:\d+: .*goes on with what it has read\n$")
        self.assertEqual(self.status()["studio"], studio.url)
        code, out, _ = self.control("doctor", "--json")
        self.assertEqual(code, 1)
        checks = {check["subject"]: check for check in json.loads(out)["checks"]}
        self.assertEqual(list(checks), ["configuration", "state folder", "programs", "cards", "worker"])
        self.assertEqual(checks["configuration"]["verdict"], "FAIL")
        self.assertEqual(checks["configuration"]["next"], f"correct {self.config}")
        self.assertEqual(checks["worker"]["verdict"], "ok")
        code, out, err = self.control("drain", "--wait")
        self.assertEqual((code, out), (0, "draining: no new jobs; ends when done\nthe worker has ended\n"), err)
        self.assertEqual(worker.wait(), 0)
        code, _, err = self.control("status")
        self.assertEqual(code, 78, "without a worker only the file could tell")
        self.assertIn("error: config.toml:1:", err)
        studio.finish()
        self.assert_clean(studio)

    def test_a_file_that_is_named_must_be_there(self):
        for command in (("config", "check"), ("config", "show"), ("run", *self.run_flags())):
            code, out, err = self.command(*self.base_flags(), *command)
            self.assertEqual((code, out), (78, ""), err)
            self.assertIn(f"error: there is no {self.config}; make it with: studio-worker --config", err)
        code, _, err = self.command(*self.base_flags(), "register", "--api-base-url", "http://127.0.0.1:9")
        self.assertEqual(code, 0, err)

    def test_status_names_the_studio_in_use(self):
        studio = self.studio("", "--stay")
        self.write_config(studio.url)
        worker = self.worker()
        worker.wait_line("server welcomed")
        self.write_config("http://127.0.0.1:9")
        self.assertEqual(self.status()["studio"], studio.url)
        self.stop(worker)


class BrokenEngine(Scenario):
    def manifest(self, program):
        folder = self.folder / "engines" / "odd"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "engine.toml").write_text(f'name = "odd"\ncommand = ["{program}"]\nprotocol = 1\nserves = ["odd"]\n'
                                            'kinds = ["llm"]\n')
        return folder

    def doctor(self):
        return self.command(*self.base_flags(), "doctor", *self.run_flags(engines=[self.folder / "engines"]))

    def test_doctor_tells_a_program_that_may_not_be_executed_from_none(self):
        self.write_config("http://127.0.0.1:9")
        program = self.manifest("engine.py") / "engine.py"
        program.write_text("")
        program.chmod(0o600)
        self.assertIn(f"odd cannot be started: {program} may not be executed", self.doctor()[1])

    def test_doctor_shows_control_characters_and_goes_on(self):
        self.write_config("http://127.0.0.1:9")
        self.manifest(r"engine\u001b[31m\u0000x")
        out = self.doctor()[1]
        self.assertIn(r"there is no program engine\x1b[31m\x00x", out)
        self.assertIn("none runs for this configuration", out, "the rows behind it")


class Echo(Scenario):
    def test_the_template_of_an_engine_keeps_the_contract(self):
        studio = self.studio(jobs("llm", 1, engine="echo", model="echo"))
        self.write_config(studio.url)
        self.worker("--jobs", "1", engines=[EXAMPLES]).wait()
        self.assert_delivered_once(self.assert_clean(studio))


class Drained(Scenario):
    def test_waiting_for_a_drain_fails_when_the_worker_is_killed(self):
        studio = self.studio(jobs("image", 1, engine="sd-cpp", model="sd-cpp:x", prompt="slow:600", expect="any"),
                             "--stay")
        self.write_config(studio.url)
        worker = self.worker(engines=[FAKES])
        worker.wait_line(r"\[policy\] accepted")
        waiting = Process([WORKER, *self.base_flags(), "drain", "--wait", "--runtime-dir", self.runtime,
                           "--state", self.state], env=self.environment(), cwd=self.folder)
        self.processes.append(waiting)
        waiting.wait_line("draining")
        worker.signal(signal.SIGKILL)
        self.assertEqual(waiting.wait(), 1, waiting.output())
        waiting.wait_line("error: the worker ended without a word: it was killed, or it crashed")


class Answers(Scenario):
    def test_commands_that_change_something_say_so_in_json(self):
        studio = self.studio("", "--stay")
        self.write_config(studio.url)
        worker = self.worker()
        worker.wait_line("server welcomed")
        for command in (("pause", "--for", "1h"), ("resume",), ("set-threshold", "8"), ("disable",), ("enable",),
                        ("register",), ("register", "--reset"), ("drain", "--wait")):
            code, out, err = self.control(*command, "--json")
            self.assertEqual((code, err), (0, ""), command)
            answer = json.loads(out)
            self.assertEqual((list(answer), answer["ok"]), (["ok", "says"], True), command)
        self.assertEqual(worker.wait(), 0)
        studio.finish()
        self.assert_clean(studio)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<!DOCTYPE HTML><p>404: nothing here"
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class NoStudio(Scenario):
    def test_a_web_servers_404_does_not_cost_the_worker_its_identity(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.write_config(f"http://127.0.0.1:{server.server_port}")
        worker = self.worker()
        worker.wait_line("a web page, so this is no studio; is api_base_url right\\?")
        worker.wait_line("reconnect attempt 2")
        self.stop(worker)
        self.assertIn(CREDENTIALS, self.config.read_text())


class Kept(Scenario):
    def test_a_state_folder_that_cannot_be_read_is_not_called_empty(self):
        self.write_config("http://127.0.0.1:9")
        self.state.mkdir()
        (self.state / "policy").write_text("no folder")
        for command in (("why",), ("history",)):
            code, out, err = self.control("policy", *command)
            self.assertNotEqual(code, 0, command)
            self.assertEqual(out, "", command)
            self.assertRegex(err, "error: cannot read .*/policy: Not a directory", command)


if __name__ == "__main__":
    unittest.main()
