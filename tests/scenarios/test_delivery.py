"""All kinds arrive, and keep arriving exactly once whatever the studio or the network does."""

import signal
import unittest

from harness import ALL_KINDS, ENGINES, FAKES, Scenario, jobs


class AllKinds(Scenario):
    def test_every_kind_is_delivered_without_a_violation(self):
        scenario = "".join(jobs(kind, 3, game=game) for kind in ALL_KINDS for game in ("harbour-tales", "ember-keep"))
        studio = self.studio(scenario)
        self.write_config(studio.url)
        worker = self.worker("--jobs", "36")
        report = self.assert_clean(studio)
        self.assertEqual(worker.wait(), 0, worker.output())
        self.assert_delivered_once(report)
        self.assertEqual(len(report["jobs"]), 36)

    def test_pictures_of_a_chat_are_fetched_and_read(self):
        studio = self.studio(jobs("llm", 2, images=2))
        self.write_config(studio.url)
        self.worker()
        report = self.assert_clean(studio)
        text = (studio.results / report["jobs"][0]["result"]["file"].split("/")[-1]).read_text()
        self.assertIn("(read 2 images:", text)


class Faults(Scenario):
    """Each fault, each with binary and JSON jobs: every job delivered exactly once, no violation."""

    def survive(self, *flags, count=4, kinds=("image", "llm"), expected=0):
        studio = self.studio("".join(jobs(kind, count) for kind in kinds), *flags)
        self.write_config(studio.url)
        worker = self.worker()
        report = self.assert_clean(studio, expected)
        self.assert_delivered_once(report)
        self.stop(worker)
        return report

    def test_socket_dropped_after_an_accept(self):
        self.survive("--drop-mid-job", "1,2,5")

    def test_U2_first_uploads_answered_503(self):
        self.survive("--upload-503", "2")

    def test_U2_more_uploads_answered_503_than_the_retry_rule_has_tries(self):
        self.survive("--upload-503", "4", kinds=("image",), count=1)

    def test_U4_upload_cut_in_its_body(self):
        self.survive("--cut-upload", "1")

    def test_U6_captive_portal_answers_the_upload(self):
        self.survive("--upload-html", "1")

    def test_unreadable_frames_between_offers(self):
        self.survive("--garbage", "1,2,3")

    def test_the_same_offer_twice(self):
        self.survive("--offer-twice", "1,3")

    def test_json_result_without_an_acknowledgement(self):
        self.survive("--no-json-ack", "1", kinds=("llm",))

    def test_closed_with_a_code_mid_job(self):
        for code in ("1000", "1011", "1012"):
            with self.subTest(code=code):
                self.survive("--close-with", f"{code}@1", count=2)

    def test_the_link_is_back_before_the_job_has_ended(self):
        """The studio offers another job meanwhile, hears `busy`, and rests until the worker says that it is idle."""
        studio = self.studio(jobs("image", 1, engine="sd-cpp", model="sd-cpp:x", prompt="slow:2") + jobs("llm", 1),
                             "--close-with", "1011@1")
        self.write_config(studio.url)
        worker = self.worker(engines=[FAKES, ENGINES])
        report = self.assert_clean(studio)
        self.assert_delivered_once(report)
        self.assertEqual(report["counters"].get("rejected"), 1, report["counters"])
        self.stop(worker)

    def test_a_bare_protocol_close_is_a_disconnect(self):
        self.survive("--close-with", "4002@1", "--bare-close", count=2)

    def test_upgrade_refused_for_a_while(self):
        self.survive("--upgrade-status", "503@1")

    def test_finished_job_offered_again_is_not_run_twice(self):
        studio = self.studio(jobs("llm", 2), "--reoffer-done", "1")
        self.write_config(studio.url)
        worker = self.worker()
        report = self.assert_clean(studio)
        self.assert_delivered_once(report)
        worker.wait_line(r"delivered this job a moment ago")


class SilentStudio(Scenario):
    def test_N8_a_silent_link_is_left_after_20_seconds_and_the_job_is_delivered(self):
        studio = self.studio(jobs("llm", 2), "--go-silent-job", "1")
        self.write_config(studio.url)
        worker = self.worker()
        worker.wait_line("no frames from server for 20s")
        report = self.assert_clean(studio)
        self.assert_delivered_once(report)
        self.stop(worker)


class Terminal(Scenario):
    """Ends that are final, each with its exit code."""

    def test_an_error_frame_ends_the_worker(self):
        studio = self.studio(jobs("llm", 1), "--close-with", "4002@1", "--stay")
        self.write_config(studio.url)
        worker = self.worker()
        self.assertEqual(worker.wait(), 1, worker.output())
        worker.wait_line("fatal: ")

    def test_a_refused_token_ends_with_4(self):
        studio = self.studio(jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        self.config.write_text(self.config.read_text().replace("0123456789abcdef0123456789abcdef", "wrong"))
        worker = self.worker()
        self.assertEqual(worker.wait(), 4, worker.output())
        worker.wait_line("Re-register")
        self.assertNotIn("wrong", worker.output())


class Restart(Scenario):
    def test_U1_kill_after_the_result_was_produced_delivers_it_after_the_restart(self):
        studio = self.studio(jobs("image", 1), "--upload-503", "2")
        self.write_config(studio.url)
        first = self.worker()
        first.wait_line("transient upload failure")
        first.signal(signal.SIGKILL)
        first.wait()
        second = self.worker()
        report = self.assert_clean(studio)
        self.assert_delivered_once(report)
        self.assertEqual(first.count(r"image dispatched in") + second.count(r"image dispatched in"), 1)

    def test_U1_kill_while_a_json_result_waits_for_its_acknowledgement(self):
        studio = self.studio(jobs("llm", 1), "--go-silent-job", "1")
        self.write_config(studio.url)
        first = self.worker()
        first.wait_line("json result sent")
        first.signal(signal.SIGKILL)
        first.wait()
        second = self.worker()
        report = self.assert_clean(studio)
        self.assert_delivered_once(report)
        self.assertEqual(first.count(r"llm dispatched in") + second.count(r"llm dispatched in"), 1)


if __name__ == "__main__":
    unittest.main()
