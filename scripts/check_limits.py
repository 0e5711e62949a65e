#!/usr/bin/env python3
"""Sizes and names: a file has at most 400 lines, a function 50, a public header 150, a folder of code 15 sources.

A header is public when its module's CMakeLists.txt names it. Lines count as an editor counts them. A function runs
from its signature to its closing brace. A folder below a module counts apart. No file or folder is named utils,
common, manager or helper: those names say nothing.
"""

import ast
import collections
import re

import cpp_text
import tree

FILE_LINES = 400
HEADER_LINES = 150
FUNCTION_LINES = 50
MODULE_FILES = 15

_SOURCE_SUFFIXES = ('.h', '.cc', '.lua', '.py', '.sh', '.cmake')
_BANNED_NAME = re.compile(r'(?:^|[_-])(util|utils|common|manager|helper|helpers)(?:[_.-]|$)')
_MODULE_ROOTS = ('src', 'engines', 'examples')


def _is_source(path, text):
    # *.d.lua is written by a program.
    if path.name.endswith('.d.lua'):
        return False
    return path.suffix in _SOURCE_SUFFIXES or path.name == 'CMakeLists.txt' or text.startswith('#!')


def public_headers(root, paths):
    """The headers that a module shows to others."""
    return {path.parent / header for path in paths if path.name == 'CMakeLists.txt' and path.parts[0] in _MODULE_ROOTS
            for header in re.findall(r'[\w./-]+\.h\b', tree.read(path, root))}


def file_problems(path, text, public):
    lines = text.count('\n') + (not text.endswith('\n') and text != '')
    if path in public and lines > HEADER_LINES:
        yield f'{path}:1: a public header of {lines} lines, at most {HEADER_LINES}: split it by concept'
    elif lines > FILE_LINES:
        yield f'{path}:1: {lines} lines, at most {FILE_LINES}: split it by concept'


def cpp_functions(text):
    """(name, first line, number of lines) of each function."""
    code = cpp_text.mask(text)
    for function in cpp_text.scan(code).functions:
        first = cpp_text.line_of(code, function.start)
        yield function.name, first, cpp_text.line_of(code, function.end) - first + 1


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def function_problems(path, text):
    functions = ()
    if path.suffix in ('.h', '.cc'):
        functions = cpp_functions(text)
    elif path.suffix == '.py':
        functions = python_functions(text)
    for name, first, lines in functions:
        if lines > FUNCTION_LINES:
            yield f'{path}:{first}: {name} has {lines} lines, at most {FUNCTION_LINES}: split it'


def module_problems(paths):
    folders = collections.Counter(
        path.parent for path in paths if path.parts[0] in _MODULE_ROOTS and path.suffix in ('.h', '.cc'))
    for folder, count in sorted(folders.items()):
        if count > MODULE_FILES:
            yield f'{folder}: {count} source files, at most {MODULE_FILES}: split it by concept'


def name_problems(paths):
    for path in paths:
        for part in path.parts:
            banned = _BANNED_NAME.search(part)
            if banned:
                yield f'{path}: named "{banned.group(1)}": name what it holds'
                break


def find(root):
    paths = tree.files(root)
    problems = list(name_problems(paths)) + list(module_problems(paths))
    public = public_headers(root, paths)
    sources = 0
    for path in paths:
        text = tree.read(path, root)
        if _is_source(path, text):
            sources += 1
            problems += file_problems(path, text, public)
            problems += function_problems(path, text)
    return problems, f'{sources} files'


if __name__ == '__main__':
    tree.run_check(__doc__, find)
