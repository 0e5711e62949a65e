"""The user service: systemd reads it, and what a restart cannot mend is not restarted."""

import configparser
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_TEMPLATE = (_ROOT / 'examples' / 'systemd' / 'studio-worker.service.in').read_text()
_CODES = dict(re.findall(r'kExit(\w+) = (\d+)', (_ROOT / 'src' / 'config' / 'exit_code.h').read_text()))


class Service(unittest.TestCase):
    def setUp(self):
        self.unit = configparser.ConfigParser(interpolation=None, delimiters=('=',))
        self.unit.optionxform = str
        self.unit.read_string(_TEMPLATE)

    def test_p11_five_fast_deaths_are_the_last(self):
        self.assertEqual(self.unit['Unit']['StartLimitBurst'], '5')
        self.assertEqual(self.unit['Unit']['StartLimitIntervalSec'], '300')
        self.assertEqual(self.unit['Service']['Restart'], 'on-failure')
        self.assertLess(5 * int(self.unit['Service']['RestartSec']), 300)

    def test_what_a_restart_cannot_mend_is_not_restarted(self):
        for_good = {_CODES[name] for name in ('Usage', 'NotAuthorised', 'Duplicate', 'Locked', 'Configuration')}
        self.assertEqual(set(self.unit['Service']['RestartPreventExitStatus'].split()), for_good)

    @unittest.skipUnless(shutil.which('systemd-analyze'), 'systemd-analyze is not installed')
    def test_systemd_reads_it_without_a_complaint(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'studio-worker.service'
            path.write_text(_TEMPLATE.replace('@BINDIR@/studio-worker', shutil.which('true')))
            run = subprocess.run(['systemd-analyze', '--user', 'verify', path], capture_output=True, text=True,
                                 check=False, env={'PATH': '/usr/bin:/bin', 'XDG_RUNTIME_DIR': folder, 'HOME': folder})
            self.assertEqual((run.returncode, run.stderr), (0, ''))


if __name__ == '__main__':
    unittest.main()
