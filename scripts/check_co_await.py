#!/usr/bin/env python3
"""Finds what GCC 12 miscompiles around co_await, and coroutine forms that end in a dangling reference.

Found, in every statement that awaits: a second co_await; a brace, a lambda, a ?: and a temporary of one of our own
types (a call of a PascalCase name). Found anywhere: a coroutine lambda that captures, and a detached coroutine.
Not seen: a temporary of a library's aggregate type made with parentheses. The sanitizer builds catch that one.
"""

import bisect
import re

import cpp_text
import tree

_AWAIT = re.compile(r'\bco_await\b')
_COROUTINE = re.compile(r'\bco_(?:await|return|yield)\b')
_AFTER_CAPTURE = re.compile(r'\s*(<[^{};]*>)?\s*')
_BEFORE_BODY = re.compile(r'[^{};()\[\],]*\{')
_OWN_TYPE = re.compile(r'\b([A-Z]\w*[a-z]\w*)\s*(?:<[^<>();]*>)?\s*\(')
_CONTROL = re.compile(r'\s*(?:\}\s*)?(?:else\s+)?(?:if|for|while|switch|else|do|try|catch)\b')
_DETACHED = re.compile(r'\bdetached\b')


class Source:
    """Masked code and, for each bracket, what it holds."""

    def __init__(self, text):
        self.code = cpp_text.mask(text)
        self.pairs = cpp_text.match_brackets(self.code)
        self.opens = sorted(self.pairs)

    def enclosing(self, position):
        """The open brackets around a position, innermost first."""
        index = bisect.bisect_left(self.opens, position)
        return [open_at for open_at in reversed(self.opens[:index]) if self.pairs[open_at] > position]

    def container(self, position):
        """The innermost bracket around a position that holds statements: (open, close)."""
        for open_at in self.enclosing(position):
            inside = cpp_text.flatten(self.code, open_at + 1, self.pairs[open_at], self.pairs)
            if ';' in inside or (self.code[open_at] == '{' and cpp_text.is_block(self.code, open_at, self.pairs)):
                return open_at, self.pairs[open_at]
        return -1, len(self.code)

    def _ends_statement(self, start, position):
        """Whether the character at a position ends the statement that began at `start`: `if (x) {` and `;` do."""
        if self.code[position] == ';':
            return True
        if self.code[position] != '{' or not cpp_text.is_block(self.code, position, self.pairs):
            return False
        before = self.code[start:position].strip()
        return not before or before.endswith(':') or bool(_CONTROL.match(before))

    def statement(self, position):
        """(start, end) of the statement that a position is in. The block of an `if` is not part of its statement."""
        open_at, close = self.container(position)
        start = current = open_at + 1
        while current < close:
            ends = self._ends_statement(start, current)
            if ends and position < current:
                return start, current
            current = self.pairs.get(current, current) + 1
            if ends:
                start = current
        return start, close


def _lambdas(source):
    """(capture open, body open) of each lambda."""
    for found in re.finditer(r'\[', source.code):
        capture = found.start()
        before = source.code[:capture].rstrip()
        word = re.search(r'\w+$', before)
        if before[-1:] in (']', ')', '[') or source.code[capture + 1:capture + 2] == '[':
            continue
        if word and word.group() not in ('return', 'co_return', 'co_await', 'co_yield'):
            continue
        position = _AFTER_CAPTURE.match(source.code, source.pairs[capture] + 1).end()
        if source.code[position:position + 1] == '(':
            position = source.pairs[position] + 1
        body = _BEFORE_BODY.match(source.code, position)
        if body:
            yield capture, body.end() - 1


def _is_coroutine(source, body, bodies):
    """Whether a lambda awaits or returns itself, not just a lambda inside it."""
    for found in _COROUTINE.finditer(source.code, body, source.pairs[body]):
        owner = max((other for other in bodies if other < found.start() < source.pairs[other]), default=None)
        if owner == body:
            return True
    return False


def _statement_problems(source, lambdas):
    seen = {}
    for found in _AWAIT.finditer(source.code):
        seen.setdefault(source.statement(found.start()), []).append(found.start())
    for (start, end), awaits in seen.items():
        first = awaits[0]
        code = source.code[start:end]
        own_type = _OWN_TYPE.search(code)
        if len(awaits) > 1:
            yield awaits[1], 'a second co_await in one statement: give the first its own'
        if '?' in code:
            yield first, 'a ?: in a statement that awaits: use if, or name the value first'
        if any(start <= capture < end for capture, _ in lambdas):
            yield first, 'a lambda in a statement that awaits: name it first'
        elif '{' in code:
            yield first, 'a brace in a statement that awaits: name the value first'
        elif own_type:
            yield first, f'a temporary {own_type.group(1)} in a statement that awaits: name it first'


def problems_in(text):
    """[(line, problem)] of one file."""
    source = Source(text)
    lambdas = list(_lambdas(source))
    found = list(_statement_problems(source, lambdas))
    bodies = [body for _, body in lambdas]
    for capture, body in lambdas:
        captured = source.code[capture + 1:source.pairs[capture]].strip()
        if captured and _is_coroutine(source, body, bodies):
            found.append((capture, f'a coroutine lambda captures [{captured}]: pass it as a parameter'))
    for detached in _DETACHED.finditer(source.code):
        found.append((detached.start(), 'a detached coroutine: spawn it through base::TaskGroup'))
    return sorted({(cpp_text.line_of(source.code, position), problem) for position, problem in found})


def find(root):
    paths = tree.cpp_files(root)
    problems = [f'{path}:{line}: {problem}' for path in paths for line, problem in problems_in(tree.read(path, root))]
    return problems, f'{len(paths)} files'


if __name__ == '__main__':
    tree.run_check(__doc__, find)
