"""The files of the tree, for the checks: what git tracks and what it would, so nothing of a build is among them."""

import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CODE_FOLDERS = ('src', 'engines', 'examples', 'tests')


def files(root=ROOT):
    """Paths relative to the root, sorted; a deleted file that git still knows is left out."""
    listed = subprocess.run(
        ['git', '-C', str(root), 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
        check=True, capture_output=True).stdout.decode()
    return sorted(pathlib.Path(name) for name in set(listed.split('\0')) if name and (root / name).is_file())


def cpp_files(root=ROOT, folders=CODE_FOLDERS):
    return [path for path in files(root) if path.parts[0] in folders and path.suffix in ('.h', '.cc')]


def read(path, root=ROOT):
    return (root / path).read_text(encoding='utf-8', errors='replace')


def run_check(summary, find, fix=None):
    """A check as a program: `find(root)` gives (problems, what was looked at). Exit 1 when there is a problem.

    A check that can correct something has `fix(root)`, which --fix calls first.
    """
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument('--root', type=pathlib.Path, default=ROOT, help='the tree to check (default: this one)')
    if fix:
        parser.add_argument('--fix', action='store_true', help='correct what can be corrected first')
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    if fix and arguments.fix:
        fix(root)
    problems, looked_at = find(root)
    for problem in problems:
        print(problem)
    if not problems:
        print(looked_at)
    sys.exit(1 if problems else 0)
