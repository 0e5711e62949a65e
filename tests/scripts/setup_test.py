"""scripts/setup asks for what is missing, once, and for nothing when all is there. dpkg and apt are stand-ins."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

_SETUP = pathlib.Path(__file__).resolve().parents[2] / 'scripts' / 'setup'

# Calls itself installed for every name that is not in $MISSING, and fails when one is, as the real one does.
_DPKG_QUERY = '''#!/bin/bash
shift 3
for name in "$@"; do
  case " $MISSING " in
    *" $name "*) status=1 ;;
    *) echo "installed $name" ;;
  esac
done
exit "${status:-0}"
'''
_APT_GET = '#!/bin/bash\necho "$DEBIAN_FRONTEND $*" >>"$CALLS"\nexit "${APT_STATUS:-0}"\n'
_SUDO = '#!/bin/bash\nexec "$@"\n'


class Setup(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for tool in ('bash', 'env', 'dirname', 'sed', 'grep', 'awk', 'cat'):
            (self.folder / tool).symlink_to(shutil.which(tool))
        for name, text in (('dpkg-query', _DPKG_QUERY), ('apt-get', _APT_GET), ('sudo', _SUDO)):
            self.install(name, text)

    def install(self, name, text):
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def run_setup(self, *arguments, missing='', **variables):
        environment = {'PATH': str(self.folder), 'MISSING': missing, 'CALLS': str(self.folder / 'calls'), **variables}
        return subprocess.run([_SETUP, *arguments], env=environment, cwd='/', capture_output=True, text=True, check=False)

    def calls(self):
        calls = self.folder / 'calls'
        return calls.read_text().splitlines() if calls.exists() else []

    def test_installs_nothing_when_all_is_there(self):
        done = self.run_setup()
        self.assertEqual((done.returncode, self.calls()), (0, []), done.stderr)

    def test_updates_once_and_installs_what_is_missing_without_a_question(self):
        done = self.run_setup(missing='ninja-build libspdlog-dev')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('packages missing: ninja-build libspdlog-dev', done.stdout)
        update, install = self.calls()
        self.assertTrue(update.startswith('noninteractive ') and ' update' in update, update)
        self.assertTrue(install.endswith(' ninja-build libspdlog-dev') and ' -y ' in install, install)
        self.assertIn('--no-remove', install)

    def test_the_check_tools_are_asked_for_only_when_named(self):
        self.assertEqual(self.run_setup(missing='shellcheck').returncode, 0)
        self.assertEqual(self.calls(), [])
        self.run_setup('--checks', missing='shellcheck')
        self.assertTrue(self.calls()[-1].endswith(' shellcheck'))

    def test_a_dry_run_says_what_is_missing_and_leaves_it_so(self):
        done = self.run_setup('--dry-run', missing='ccache')
        self.assertEqual((done.returncode, self.calls()), (1, []))
        self.assertIn('packages missing: ccache', done.stdout)

    def test_a_failing_apt_fails(self):
        self.assertNotEqual(self.run_setup(missing='ccache', APT_STATUS='100').returncode, 0)

    @unittest.skipIf(os.geteuid() == 0, 'root needs no sudo')
    def test_says_the_command_when_there_is_no_way_to_root(self):
        (self.folder / 'sudo').unlink()
        done = self.run_setup(missing='ccache')
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('apt-get install ccache', done.stderr)

    def test_another_system_is_told_the_names(self):
        (self.folder / 'dpkg-query').unlink()
        done = self.run_setup()
        self.assertEqual(done.returncode, 0)
        self.assertIn('libluajit-5.1-dev', done.stdout)

    def test_a_slip_of_the_keyboard_is_refused(self):
        done = self.run_setup('--chekcs')
        self.assertEqual((done.returncode, self.calls()), (1, []))
        self.assertIn("unknown argument '--chekcs'", done.stderr)


if __name__ == '__main__':
    unittest.main()
