"""check_text.py finds what belongs to one machine or to no release."""

import unittest

import check_text


def problems(line):
    return [text for _, text in check_text.problems_in(line)]


class Finds(unittest.TestCase):
    def test_paths_of_one_machine(self):
        for line in ('cd /work/main', 'x = "/home/alex/a.lua"', 'see /root/.config', 'include(/Users/a/b)'):
            self.assertEqual(len(problems(line)), 1, line)

    def test_hosts_of_registries(self):
        for line in ('deb http://deb.debian.org/debian bookworm main', 'https://pypi.org/simple',
                     'http://mirror.internal:8080/debian', 'npm --registry https://registry.npmjs.org'):
            self.assertEqual(len(problems(line)), 1, line)

    def test_marks_for_later(self):
        for line in ('// TODO: more', '# FIXME', '/* XXX */'):
            self.assertEqual(len(problems(line)), 1, line)

    def test_a_lint_switched_off_without_a_reason(self):
        for line in ('f();  // NOLINT', 'f();  // NOLINT(bugprone-x)', '// NOLINTNEXTLINE(bugprone-x)'):
            self.assertEqual(len(problems(line)), 1, line)


class IsSilentOn(unittest.TestCase):
    def test_paths_that_every_machine_has_and_urls(self):
        for line in ('/tmp/x /etc/studio-worker/config.toml', 'https://a.example/work/1', '~/.config/x', '"$HOME/home/x"',
                     'build/work/x', '${root}/home/x'):
            self.assertEqual(problems(line), [], line)

    def test_an_invented_home_in_a_test(self):
        self.assertEqual(check_text.problems_in('f("/home/alex/config.toml")', in_tests=True), [])
        self.assertEqual(len(check_text.problems_in('f("/work/config.toml")', in_tests=True)), 1)

    def test_a_lint_switched_off_with_a_reason(self):
        self.assertEqual(problems('f();  // NOLINT(bugprone-x): the C interface wants it'), [])


if __name__ == '__main__':
    unittest.main()
