"""C++ source as the checks see it: comments and literals blanked, brackets paired, scopes told apart.

Not a parser. It is right on code that clang-format has been over and that keeps preprocessor branches balanced.
"""

import re
from dataclasses import dataclass

_PAIRS = {'(': ')', '[': ']', '{': '}'}
_SCOPE = re.compile(r'\b(namespace|class|struct|union)\b|\bextern\s*"[^"]*"\s*$')
_CONTROL = re.compile(r'^\s*(if|for|while|switch|else|do|try|catch)\b')
_TEMPLATE = re.compile(r'\btemplate\s*<')
_TOKEN = re.compile(
    r'//(?:\\\n|[^\n])*'
    r'|/\*.*?\*/'
    r'|\b(?:u8|[uUL])?R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"
    r'|^[ \t]*#(?:\\\n|[^\n])*',
    re.S | re.M)


def _blank(match):
    text = match.group()
    blanked = re.sub(r'[^\n]', ' ', text)
    if text[-1] in '"\'':
        # The quotes stay, so that an argument is still there to see.
        blanked = '"' + blanked[1:-1] + '"'
    return blanked


def mask(text):
    """The text with comments, literals and preprocessor lines blanked; every offset and line stays where it was."""
    return _TOKEN.sub(_blank, text)


def line_of(text, position):
    return text.count('\n', 0, position) + 1


def match_brackets(code):
    """{open position: close position} of every bracket in masked code; an unpaired one reaches to the end."""
    pairs = {}
    stack = []
    for position, char in enumerate(code):
        if char in _PAIRS:
            stack.append(position)
        elif char in _PAIRS.values() and stack and _PAIRS[code[stack[-1]]] == char:
            pairs[stack.pop()] = position
    for position in stack:
        pairs[position] = len(code)
    return pairs


def flatten(code, start, end, pairs):
    """code[start:end] without what its brackets hold: `f(a, b) {x}` becomes `f() {}`."""
    parts = []
    position = start
    while position < end:
        parts.append(code[position])
        if position in pairs and pairs[position] < end:
            position = pairs[position]
            parts.append(code[position])
        position += 1
    return ''.join(parts)


def is_block(code, open_brace, pairs):
    """Whether a brace opens statements rather than initialisers."""
    inside = flatten(code, open_brace + 1, pairs[open_brace], pairs)
    if ';' in inside:
        return True
    before = code[:open_brace].rstrip()
    # `if (x) { for (...) {...} }` holds no `;` of its own, `f() {}` holds nothing at all.
    return before.endswith(')') and (not inside.strip() or bool(_CONTROL.search(inside)))


@dataclass
class Function:
    name: str
    start: int  # of its signature
    end: int  # its closing brace


@dataclass
class Scan:
    functions: list
    statements: list  # (start, end) of what stands at namespace or class scope and is not a function
    function_bodies: list  # (open brace, close brace)


def _without_template(head):
    found = _TEMPLATE.search(head)
    if not found:
        return head
    depth = 1
    position = found.end()
    while position < len(head) and depth:
        depth += (head[position] == '<') - (head[position] == '>')
        position += 1
    return _without_template(head[:found.start()] + head[position:])


def _function_name(head, flat):
    test = re.match(r'\s*((?:TYPED_)?TEST(?:_[FP])?)\s*\(([^)]*)\)', head)
    if test:
        return f'{test.group(1)}({" ".join(test.group(2).split())})'
    variable = re.search(r'(\w+)\s*=\s*\[', flat)
    if variable:
        return variable.group(1)
    name = re.search(r'((?:[\w~]+\s*::\s*)*(?:operator\s*[^\s\w(]+(?:\(\))?|operator\s+[\w:<>&* ]+|~?\w+))\s*\(', flat)
    return re.sub(r'\s', '', name.group(1)) if name else '(unnamed)'


def _kind(code, head_start, brace, pairs):
    """What a brace at namespace or class scope opens: 'scope', 'function', 'initialiser' or 'enum'."""
    flat = _without_template(flatten(code, head_start, brace, pairs))
    plain = re.sub(r'operator\s*[^\s\w(]+', 'operator', flat)
    if re.search(r'\benum\b', plain):
        return 'enum'
    lambda_start = re.search(r'=\s*\[\s*\]', plain)
    if '=' in plain:
        return 'function' if lambda_start and is_block(code, brace, pairs) else 'initialiser'
    if '(' not in plain.replace('alignas()', ''):
        return 'scope' if _SCOPE.search(plain) else 'initialiser'
    if re.search(r'\)[^:]*[^:]:[^:]', plain + ' ') and re.search(r'[\w>]$', plain.rstrip()):
        return 'initialiser'  # of a member, between a constructor's signature and its body
    return 'function'


def scan(code, pairs=None):
    """Functions and the other statements of namespaces and classes. A lambda inside a function is part of it."""
    pairs = match_brackets(code) if pairs is None else pairs
    found = Scan([], [], [])
    _scan_scope(code, 0, len(code), pairs, found)
    return found


def _scan_scope(code, start, end, pairs, found):
    head = position = start
    while position < end:
        char = code[position]
        if char == ';':
            found.statements.append((head, position))
            head = position + 1
        elif char == '{':
            close = pairs[position]
            kind = _kind(code, head, position, pairs)
            if kind == 'scope':
                _scan_scope(code, position + 1, close, pairs, found)
                head = close + 1
            elif kind == 'function':
                flat = _without_template(flatten(code, head, position, pairs))
                name = _function_name(code[head:position], flat)
                while head < position and (code[head].isspace() or code[head] in ':;'):
                    head += 1
                found.functions.append(Function(name, head, close))
                found.function_bodies.append((position, close))
                head = close + 1
            position = close
        elif char in '([':
            position = pairs[position]
        elif re.match(r'(?:public|private|protected)\s*:', code[position:position + 12]):
            position += code[position:].index(':')
            head = position + 1
        position += 1
