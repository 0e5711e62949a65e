"""scripts/fuzz runs every target, says ok or FAIL for each, and names the input that failed. The targets are stand-ins."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

_SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / 'scripts'

_GOOD = '''#!/bin/bash
printf '%s\\n' "$@" >"$0.arguments"
echo '#2	INITED cov: 10 ft: 11 corp: 2/9b'
echo '#4711	DONE   cov: 123 ft: 456 corp: 78/9Kb lim: 4096 exec/s: 235'
echo 'stat::number_of_executed_units: 4711'
echo 'stat::average_exec_per_sec:     235'
'''
_BAD = '''#!/bin/bash
echo 'assertion failed: a == b (thing.cc:7)'
echo "artifact_prefix='build/fuzz/crashes/bad-'; Test unit written to build/fuzz/crashes/bad-crash-0a1b"
exit 77
'''


class Fuzz(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ('scripts', 'build/fuzz/bin', 'build/fuzz/tests/fuzz', 'seeds'):
            (self.root / name).mkdir(parents=True)
        for name in ('fuzz', 'lib.sh'):
            shutil.copy(_SCRIPTS / name, self.root / 'scripts' / name)
        self.program('scripts/build', '#!/bin/bash\necho "$@" >build-asked\n')
        (self.root / 'seeds' / 'engine.toml').write_text('x')

    def program(self, path, text):
        (self.root / path).write_text(text)
        (self.root / path).chmod(0o755)

    def target(self, name, text, arguments='seeds\n'):
        self.program(f'build/fuzz/bin/fuzz_{name}', text)
        (self.root / f'build/fuzz/tests/fuzz/{name}.arguments').write_text(arguments)

    def run_fuzz(self, *arguments):
        return subprocess.run([self.root / 'scripts' / 'fuzz', *arguments], cwd=self.root, capture_output=True, text=True,
                              check=False)

    def arguments_of(self, name):
        return (self.root / f'build/fuzz/bin/fuzz_{name}.arguments').read_text().splitlines()

    def test_says_ok_with_numbers(self):
        self.target('good', _GOOD)
        done = self.run_fuzz()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r'ok +fuzz good +4711 runs, 235/s, corpus 78 inputs of 9Kb, 123 edges\n')
        self.assertEqual((self.root / 'build-asked').read_text(), 'fuzz fuzz_targets\n')
        arguments = self.arguments_of('good')
        self.assertIn('-max_total_time=20', arguments)
        self.assertEqual(arguments[-2:], ['build/fuzz/corpus/good', 'seeds'])

    def test_passes_options_on_and_puts_single_files_into_a_folder(self):
        self.target('good', _GOOD, '-dict=x.dict\nseeds\nseeds/engine.toml\n')
        self.run_fuzz('7')
        arguments = self.arguments_of('good')
        self.assertIn('-max_total_time=7', arguments)
        self.assertEqual(arguments[-3:-1], ['-dict=x.dict', 'seeds'])
        self.assertNotEqual(arguments[-1], 'seeds/engine.toml')

    def test_names_the_input_that_failed_and_runs_the_others(self):
        self.target('bad', _BAD)
        self.target('good', _GOOD)
        done = self.run_fuzz()
        self.assertEqual(done.returncode, 1)
        self.assertIn('build/fuzz/bin/fuzz_bad build/fuzz/crashes/bad-crash-0a1b', done.stdout)
        self.assertIn('assertion failed: a == b', done.stdout)
        self.assertIn('fuzz good', done.stdout)

    def test_runs_only_the_targets_that_are_named(self):
        self.target('bad', _BAD)
        self.target('good', _GOOD)
        self.assertEqual(self.run_fuzz('5', 'good').returncode, 0)
        unknown = self.run_fuzz('5', 'god')
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("no target 'god'; there are: bad good", unknown.stderr)

    def test_a_slip_of_the_keyboard_is_refused(self):
        for argument in ('--secs', '5x', '0'):
            self.assertEqual(self.run_fuzz(argument).returncode, 1, argument)


if __name__ == '__main__':
    unittest.main()
