"""The build refuses an include that is not in a module's DEPENDS, and a header that does not compile alone."""

import os
import pathlib
import subprocess
import tempfile
import textwrap
import unittest

_ROOT = pathlib.Path(__file__).resolve().parents[2]

_PROJECT = f'''
    cmake_minimum_required(VERSION 3.25)
    project(planted LANGUAGES CXX)
    list(APPEND CMAKE_MODULE_PATH "{_ROOT}/scripts/cmake")
    include(Warnings)
    include(StudioModule)
    set(CMAKE_CXX_STANDARD 20)
    set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)
    add_subdirectory(src/job)
    add_subdirectory(src/net)
'''


class Layers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        self.write('CMakeLists.txt', _PROJECT)
        self.write('src/job/CMakeLists.txt', 'studio_module(job HEADERS job.h)')
        self.write('src/job/job.h', '#pragma once\nstruct Job {};')
        self.write('src/net/CMakeLists.txt', 'studio_module(net SOURCES net.cc HEADERS net.h DEPENDS)')
        self.write('src/net/net.h', '#pragma once\nint answer();')
        self.write('src/net/net.cc', '#include "net/net.h"\nint answer() { return 1; }')

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text) + '\n')

    def cmake(self, *arguments):
        environment = {name: value for name, value in os.environ.items() if not name.startswith('NINJA')}
        return subprocess.run(['cmake', *arguments], cwd=self.root, capture_output=True, text=True, env=environment,
                              check=False)

    def configure(self):
        return self.cmake('-S', '.', '-B', 'build', '-G', 'Ninja')

    def test_a_clean_tree_configures_and_its_headers_compile_alone(self):
        configured = self.configure()
        self.assertEqual(configured.returncode, 0, configured.stderr)
        verified = self.cmake('--build', 'build', '--target', 'all_verify_interface_header_sets')
        self.assertEqual(verified.returncode, 0, verified.stdout)

    def test_an_include_that_is_not_in_depends_stops_the_configure_step(self):
        self.write('src/net/net.cc', '#include "net/net.h"\n#include "job/job.h"\nint answer() { return 1; }')
        configured = self.configure()
        self.assertNotEqual(configured.returncode, 0)
        self.assertIn('net/net.cc includes job/, which is not in its DEPENDS', ' '.join(configured.stderr.split()))

    def test_an_include_in_a_header_that_the_module_keeps_to_itself_stops_it_too(self):
        self.write('src/net/deep/own.h', '#pragma once\n#include "job/job.h"')
        configured = self.configure()
        self.assertNotEqual(configured.returncode, 0)
        self.assertIn('net/deep/own.h includes job/', ' '.join(configured.stderr.split()))

    def test_a_dependency_that_is_named_may_be_included(self):
        self.write('src/net/net.cc', '#include "net/net.h"\n#include "job/job.h"\nint answer() { return 1; }')
        self.write('src/net/CMakeLists.txt', 'studio_module(net SOURCES net.cc HEADERS net.h DEPENDS job)')
        configured = self.configure()
        self.assertEqual(configured.returncode, 0, configured.stderr)

    def test_a_header_that_needs_another_before_it_is_refused(self):
        self.write('src/net/net.h', '#pragma once\nstd::string answer();')
        self.assertEqual(self.configure().returncode, 0)
        verified = self.cmake('--build', 'build', '--target', 'all_verify_interface_header_sets')
        self.assertNotEqual(verified.returncode, 0)
        self.assertIn('net.h', verified.stdout)


if __name__ == '__main__':
    unittest.main()
