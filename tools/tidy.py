#!/usr/bin/env python3
"""Checks the style: sizes, columns, words, and which folder may include which. Takes no arguments; exits with 0 if it finds no fault.

A rule that a program can check belongs here, not in a review.
"""
import os
import pathlib
import re
import subprocess
import sys

import kinds

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ['include', 'src', 'backends', 'transforms', 'testing', 'tests', 'bench', 'examples']

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100

# Functions that were longer when the rule came: 'path:name' → lines. A number here may only fall.
LONG_FUNCTIONS = {}

# The layers of src: the folders that each folder may include, beside itself. '' is src itself: the code of public headers.
LAYERS = {
    'base': set(),
    'keys': {'base'},
    'history': {'base', 'keys'},
    'payloads': {'base', 'keys', 'history'},
    'run_state': {'base', 'keys', 'history'},
    'execution': {'base', 'keys', 'history'},
    'index': {'base', 'keys', 'history', 'run_state'},
    'journal': {'base', 'keys', 'history', 'run_state', 'index'},
    'strict': {'base'},
    'tools': {'base', 'keys', 'history', 'run_state', 'index', 'journal'},
    '': {'base'},
}
LAYERS['engine'] = set(LAYERS)
# The folder that uses the system: it includes nothing of src, and all may include it.
for layers in LAYERS.values():
    layers.add('port')
LAYERS['port'] = set()
# The public headers that a layer may see, beside those for all: so a changed verb of the client doesn't compile these layers anew.
PUBLIC_FOR_ALL = {'error', 'export', 'config', 'kinds', 'attributes', 'filter', 'time'}
PUBLIC = {
    'port': set(), 'base': set(), 'keys': set(), 'history': {'payload'}, 'run_state': set(), 'index': {'store'}, 'payloads': {'payload', 'codec'},
    'journal': {'store'}, 'execution': {'scope', 'definition', 'messages', 'options', 'context', 'entity'},
}
# The rooms of the engine, from the bottom up: each may include those before it, and its own.
ENGINE_ROOMS = ['services', 'time', 'tables', 'door', 'bodies', 'runs', 'record', 'commit', 'steps', 'drive', 'advance', 'calls', 'loop']

# Calls that only one room of the engine may make: a pattern, the room, the thing to do instead.
ONLY_IN = [
    (re.compile(r'\b(log|journal_)\.append\('), 'record', 'only engine/record appends to the journal: use the recorder'),
    (re.compile(r'\bread_(latest_snapshot|snapshot|history|latest_run)\('), 'runs',
     'only engine/runs reads runs from the store: use the run table'),
    (re.compile(r'\bagenda_?\.take\('), 'advance', 'only the turn empties the agenda (waker::drive_ready)'),
]

# Parts of the engine without a test file of their own (tests/engine/<name>_test.cpp), each with its reason.
UNTESTED_PARTS = {
    'src/engine/advance/advance_room.hpp': 'wiring',
    'src/engine/calls/calls_room.hpp': 'wiring',
    'src/engine/calls/engine_parts.hpp': 'wiring; tests/engine/parts.hpp is made of it',
    'src/engine/drive/drive_room.hpp': 'wiring',
    'src/engine/loop/core.hpp': 'the engine itself: all other tests are its own',
    'src/engine/runs/run_room.hpp': 'wiring',
    'src/engine/runs/unreadable.hpp': 'plain data',
    'src/engine/time/time_room.hpp': 'wiring',
}

METHODS_MAX = 30
FIELDS_MAX = 20
PLAIN_METHODS_MAX = 3  # a struct with no more is plain data, with any number of fields
# Classes of src that are larger, each with its reason: 'path:name' → (methods, fields, why).
LARGE_CLASSES = {
}

# The parts of Stet that a store may see, beside its own header.
# The parts of src that backends/common may see, beside port: functions of bytes, and nothing else.
STORE_BASE = {'base/crc32c.hpp'}
# The only part of src that a transform may see: locks, a header that needs nothing to link.
LOCKS = 'port/mutex.hpp'
STORE_HEADERS = {'stet/store.hpp', 'stet/error.hpp', 'stet/export.hpp', 'stet/own.hpp'}

# Only src/port includes headers of a system, or asks which system it is. A header whose name ends in .h is a system's, except for those
# of the stores' and transforms' libraries and of the compiler.
SYSTEM_FOLDERS = ('include', 'src', 'backends', 'transforms', 'testing')
NO_SYSTEM_HEADER = re.compile(r'(lmdb|sqlite3|zstd|sodium|cxxabi)\.h$|rocksdb/')
SYSTEM_MACRO = re.compile(r'^[ \t]*#[ \t]*(?:el)?if[^\n]*\b(__linux__|__gnu_linux__|__ANDROID__|__APPLE__|__unix__|__FreeBSD__|__NetBSD__|'
                          r'__OpenBSD__|_WIN32|_WIN64|__MINGW\w+|__CYGWIN__|__GLIBC__|_POSIX_\w+|_XOPEN_\w+)', re.M)
# Files that may do so as well, each with its reason.
SYSTEM_FILES = {
    'include/stet/export.hpp': 'how a library shows a name',
    'src/port/handle.hpp': 'what differs in the headers of port',
    'src/strict/strict.cpp': 'it stands before functions of one C library',
}

# Locks are those of src/port/mutex.hpp, which the compiler checks.
STD_LOCK = re.compile(r'\bstd::((?:\w+_)?mutex|condition_variable(?:_any)?|lock_guard|(?:unique|shared|scoped)_lock)\b')
LOCK_FOLDERS = {'include', 'src', 'backends', 'transforms', 'testing', 'bench'}
# Files with others, each with its reason.
STD_LOCKS = {
    'src/port/mutex.hpp': 'it makes the locks out of them',
    'include/stet/test_doubles.hpp': 'a public header: src/port is not installed',
    'testing/fault_store.cpp': 'the locks are in <stet/test_doubles.hpp>',
    'testing/test_doubles.cpp': 'the locks are in <stet/test_doubles.hpp>',
    'bench/load.cpp': 'the benchmark sees what users see',
    'bench/load.hpp': 'the benchmark sees what users see',
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def blank(match):
    """Returns a comment or literal without its text; its line breaks stay."""
    text = match.group(0)
    keep = text[0] if text[0] in '"\'' else ' '
    return keep + '\n' * text.count('\n') + keep


TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'
    r"(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])*'", re.S)


def functions(text):
    """Yields (name, first line, number of lines) of each outermost function body; lambdas count with their function."""
    code = re.sub(r'^\s*#(?:[^\n\\]|\\\n|\\.)*', lambda m: '\n' * m.group(0).count('\n'),
                  TOKENS.sub(blank, text), flags=re.M)
    found, stack, start, line, parens = [], [], 0, 1, 0
    for i, c in enumerate(code):
        if c == '\n':
            line += 1
        elif c in '()':
            parens += 1 if c == '(' else -1
        elif c == ';' and parens == 0:
            start = i + 1
        elif c == '{':
            head = re.sub(r'\[\[.*?\]\]', '', code[start:i], flags=re.S).strip()
            inside = any(kind == 'function' for kind, *_ in stack)
            if inside or parens > 0:
                kind = 'block'
            elif re.search(r'\b(namespace|class|struct|union|enum|extern|concept)\b[^()=]*$', head):
                kind = 'scope'
            elif '(' in head and not re.search(r'[=,(\[]$', head):
                kind = 'function'
            else:
                kind = 'block'
            stack.append((kind, head, line, parens))
            parens = 0
            start = i + 1
        elif c == '}' and stack:
            kind, head, first, parens = stack.pop()
            if kind == 'function':
                name = re.search(r'([~\w:]+|operator\S+)\s*\(', head)
                found.append((name.group(1) if name else head[:40], first, line - first + 1))
            start = i + 1
    return found


def folder_of(target, path):
    """Returns the folder under src or backends to which a quoted include leads."""
    room, here = path.parts[0], path.parent.parts[1:2]
    if (ROOT / path.parent / target).exists() or target.startswith('.'):
        target = pathlib.PurePath(os.path.normpath(path.parent / target))
        if target.parts[0] != room:
            return str(target.parent)
    parts = pathlib.PurePath(target).parts
    if parts[0] == room:
        parts = parts[1:]
    return parts[0] if len(parts) > 1 else ''.join(here)


def members(body):
    """Returns (methods, fields) of the body of a class, without those of the classes in it."""
    methods = fields = 0
    depth, start, i = 0, 0, 0
    while i < len(body):
        c = body[i]
        if c in '({[':
            depth += 1
        elif c in ')}]':
            depth -= 1
        ends = depth == 0 and (c == ';' or c == '}' and re.match(r'\s*[^;,\s=]', body[i + 1:] or 'x'))
        if ends:
            member = re.sub(r'\b(public|private|protected)\s*:', '', body[start:i]).strip()
            start = i + 1
            head = re.split(r'[{=]', re.sub(r'<[^<>]*>', '', re.sub(r'<[^<>]*>', '', member)), maxsplit=1)[0]
            if not member or re.match(r'(using|friend|typedef|static_assert|enum)\b', member):
                pass
            elif re.match(r'(template\s*)?(class|struct|union)\b', member) and '(' not in head:
                pass
            elif '(' in head:
                methods += '= delete' not in member
            elif not re.match(r'static constexpr', member):
                fields += 1 + head.count(',')
        i += 1
    return methods, fields


def class_faults(path, text):
    """Finds classes of src with too many methods or fields."""
    code = re.sub(r'^\s*#[^\n]*', '', TOKENS.sub(blank, text), flags=re.M)
    code = re.sub(r'\bSTET_(?:PT_)?GUARDED_BY\([^()]*\)', '', code)
    for found in re.finditer(r'\b(?:class|struct)\s+(?:STET_(?:API|LOCK|LOCK_SCOPE)\s+)?(\w+)(?:\s+final)?\s*(?::[^;{(]*)?\{', code):
        depth, end = 1, found.end()
        while depth and end < len(code):
            depth += {'{': 1, '}': -1}.get(code[end], 0)
            end += 1
        methods, fields = members(code[found.end():end - 1])
        if fields > FIELDS_MAX and methods <= PLAIN_METHODS_MAX:
            continue  # plain data
        most_methods, most_fields, _ = LARGE_CLASSES.get(f'{path}:{found[1]}', (METHODS_MAX, FIELDS_MAX, ''))
        if methods > most_methods or fields > most_fields:
            line = code[:found.start()].count('\n') + 1
            yield line, f'{found[1]} has {methods} methods and {fields} fields; a class ends at {most_methods} and {most_fields}'


def room_faults(path, text):
    """Finds includes and calls by which a file of the engine leaves its room."""
    parts = path.parts
    if parts[:2] != ('src', 'engine'):
        return
    if path.name == 'precompiled.hpp':
        return  # for speed only: no source depends on it
    if len(parts) < 4 or parts[2] not in ENGINE_ROOMS:
        yield 1, f'no room of the engine: {ENGINE_ROOMS} (tools/tidy.py)'
        return
    room = ENGINE_ROOMS.index(parts[2])
    for _, target in INCLUDE.findall(text):
        there = pathlib.PurePath(target).parts
        if there[0] == 'engine' and ENGINE_ROOMS.index(there[1]) > room:
            yield 1, f'engine/{parts[2]} may not include {target}: arrows go down ({" < ".join(ENGINE_ROOMS)})'
    code = TOKENS.sub(blank, text)
    for pattern, only, why in ONLY_IN:
        for match in pattern.finditer(code):
            if parts[2] != only:
                yield code[:match.start()].count('\n') + 1, why


# The clauses of a public declaration (docs/style.md): each on a line of its own.
CLAUSES = 'Returns|Throws|Thread|Cost|Durable|Life'
CLAUSE_WITHIN = re.compile(rf'///\s+\S.*[.;:)]\s+({CLAUSES})  +\S|///.*\b({CLAUSES}): |///.*[.;] Throws \S')


def clause_faults(path, line):
    if path.parts[0] == 'include' and CLAUSE_WITHIN.search(line):
        yield 'a clause (Returns, Throws, Thread, Cost, Durable, Life) begins a line of its own'


# Words that a stranger has to decode (docs/style.md, "Text"), in comments: a pattern, what to write instead.
COMMENT = re.compile(r'//+<? ?(.*)')
PLAIN = [
    (re.compile(r'^(What|Who|Whom|Whose) (?!if\b|about\b)[^?]*$'), 'a noun as the subject: "A transaction runs when …", not "What transacts runs …"'),
    (re.compile(r'(^|[.:;] )(False|True|Nothing|None|Null|Empty|Of [^.:]*): '), '"Returns false if …", "Empty means …"; a clause with a noun and a verb'),
    (re.compile(r'\bbehind\b(?! (the|a) (log|proxy|door|port|handle|header|template))'), '"after" or "past"'),
    (re.compile(r'\b[Ss]o (many|much|long|often)\b(?! as\b)'), '"this many", "that long"'),
    (re.compile(r'\b([Ww]hoever|[Ss]omebody|[Nn]obody|[Ee]verybody)\b'), '"the caller", "another process", "no run": the noun'),
    (re.compile(r'\b(hears? of|is told|are told|heeds?)\b'), '"is reported", "gets the error"'),
    (re.compile(r'\bpark(s|ed|ing)?\b'), 'a run is stalled'),
]


def plain_faults(path, line):
    comment = COMMENT.search(line)
    printed = path.parts[:2] == ('examples', 'patterns') and line.startswith('//   ')  # check.py compares it with the output
    if comment and not printed:
        for pattern, instead in PLAIN:
            if found := pattern.search(comment[1]):
                yield f'{found[0]!r}: {instead}'


def system_faults(path, text):
    """Finds uses of the system outside of src/port."""
    if path.parts[0] not in SYSTEM_FOLDERS or path.parts[:3] in (('src', 'port', 'posix'), ('src', 'port', 'win32')):
        return
    if str(path) in SYSTEM_FILES:
        return
    for match in INCLUDE.finditer(text):
        if match[2].endswith('.h') and not NO_SYSTEM_HEADER.match(match[2]):
            yield text[:match.start(1)].count('\n') + 1, f'<{match[2]}> is what a system gives: only src/port includes that'
    for match in SYSTEM_MACRO.finditer(text):
        yield text[:match.start(1)].count('\n') + 1, f'{match[1]}: only src/port asks which system it is'


# Calls that the library promises not to make (SECURITY.md). The conformance suite reads its seed, and has children that src/port makes.
FORBIDDEN_CALL = re.compile(r'\b(getenv|socket|system|popen|fork|vfork|posix_spawnp?|exec(?:l|v)p?e?)\s*\(')


def forbidden_calls(path, text):
    if path.parts[0] not in ('src', 'backends', 'transforms') or path.parts[1] in ('conformance', 'strict'):
        return
    if str(path) == 'src/port/posix/child.cpp':
        return
    code = TOKENS.sub(blank, text)
    for match in FORBIDDEN_CALL.finditer(code):
        yield code[:match.start()].count('\n') + 1, f'a call of {match[1]}: SECURITY.md says that Stet makes none'


def std_locks(path, text):
    if path.parts[0] not in LOCK_FOLDERS or str(path) in STD_LOCKS:
        return
    code = TOKENS.sub(blank, text)
    for match in STD_LOCK.finditer(code):
        yield code[:match.start()].count('\n') + 1, f'{match[0]}: use the locks of src/port/mutex.hpp, which the compiler checks'


def layer_faults(path, text):
    parts = path.parts
    for angle, target in INCLUDE.findall(text):
        public = target.startswith('stet/')
        if parts[0] == 'include':
            if not public and angle == '"':
                yield f'a public header includes "{target}": only <stet/…> and the standard library'
            if target.startswith('nlohmann/') and path.name != 'json.hpp':
                yield 'nlohmann/json only in stet/json.hpp: it takes seconds to parse'
            if target in ('lmdb.h', 'sqlite3.h', 'zstd.h', 'sodium.h') or target.startswith('rocksdb/'):
                yield f'a public header includes {target}'
        elif parts[0] == 'src' and public:
            allowed = PUBLIC_FOR_ALL | PUBLIC.get(parts[1], set())
            if parts[1] in PUBLIC and path.name != 'precompiled.hpp' and target[5:-4] not in allowed:
                yield f'src/{parts[1]} may not see <{target}> (of the public headers: {sorted(allowed)})'
        elif parts[0] == 'src' and angle == '"':
            here = parts[1] if len(parts) > 2 else ''
            there = folder_of(target, path)
            if here not in LAYERS:
                yield f'src/{here} has no place in the table of layers (tools/tidy.py)'
            elif there != here and there not in LAYERS[here]:
                yield f'src/{here} may not include {target} (allowed: {sorted(LAYERS[here])})'
        elif target == LOCKS and parts[0] == 'transforms':
            pass
        elif parts[0] == 'transforms' and angle == '"':
            yield f'a transform includes "{target}": only <stet/…>, {LOCKS} and its library'
        elif parts[0] == 'testing':
            if not public and angle == '"' and not target.startswith('testing/'):
                yield f'testing includes "{target}": only <stet/…>, as its users'
        elif parts[0] == 'backends':
            own = {f'stet/{parts[1]}.hpp'}
            if parts[1] == 'open.cpp':
                own = {'stet/open.hpp'} | {f'stet/{p.name}.hpp' for p in (ROOT / 'backends').iterdir()}
            if public and target not in STORE_HEADERS | own:
                yield f'a store includes {target} (allowed: {sorted(STORE_HEADERS | own)})'
            if angle == '"' and not public:
                there = folder_of(target, path)
                shared = target in STORE_BASE and parts[1] == 'common'
                if there not in (parts[1], 'common', 'port') and not shared:
                    yield f'a store includes "{target}": only its own folder, common/ and port/'


def is_built(path):
    """Returns True if a meson.build names the file. A test that no meson.build names never fails."""
    script = ROOT / path.parent / 'run.sh'
    if script.exists() and path.name in script.read_text():
        return True
    names = {folder: path.relative_to(folder) for folder in path.parents}
    names[pathlib.PurePath('src')] = names.get(pathlib.PurePath('src'), f'../{path}')
    return any(f"'{name}'" in (ROOT / folder / 'meson.build').read_text()
               for folder, name in names.items() if (ROOT / folder / 'meson.build').exists())


def faults(path, text):
    if path.suffix == '.cpp' and not is_built(path):
        yield 1, 'no meson.build names this file, so nothing builds it'
    lines = text.split('\n')
    if len(lines) > FILE_LINES_MAX + 1:
        yield 1, f'{len(lines) - 1} lines; a file ends at {FILE_LINES_MAX}'
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX and not re.search(r'https?://\S{40}', line):
            yield number, f'{len(line)} columns; a line ends at {COLUMNS_MAX}'
        if re.search(r'\b(TODO|FIXME|XXX)\b', line):
            yield number, 'unfinished work: do it, or file an issue'
        if line != line.rstrip() or '\t' in line:
            yield number, 'a tab, or white space at the end'
        for fault in [*clause_faults(path, line), *plain_faults(path, line)]:
            yield number, fault
    if path.suffix == '.hpp' and '#pragma once' not in text:
        yield 1, 'no #pragma once'
    for name, line, length in functions(text):
        if length > LONG_FUNCTIONS.get(f'{path}:{name}', FUNCTION_LINES_MAX):
            yield line, f'{name} has {length} lines; a function ends at {FUNCTION_LINES_MAX}'
    for fault in layer_faults(path, text):
        yield 1, fault
    yield from forbidden_calls(path, text)
    yield from system_faults(path, text)
    yield from std_locks(path, text)
    yield from room_faults(path, text)
    if path.parts[0] == 'src':
        yield from class_faults(path, text)


def script_faults():
    """Finds scripts that can't run. For a script that isn't executable, meson 1.0 tries to run '/'."""
    files = [ROOT / 'dev', ROOT / '.ci' / 'run']
    for folder in FOLDERS + ['tools']:
        files += sorted((ROOT / folder).rglob('*.sh')) + sorted((ROOT / folder).rglob('*.py'))
    for file in files:
        name = file.relative_to(ROOT)
        has_interpreter = re.match(rb'#!/\S', file.read_bytes()[:4]) is not None
        if has_interpreter and not os.access(file, os.X_OK):
            yield f'{name}:1: it has a #! line and may not be executed: chmod +x'
        if file.suffix == '.sh':
            if not has_interpreter:
                yield f'{name}:1: no #! line'
            checked = subprocess.run(['bash', '-n', file], capture_output=True, text=True, check=False)
            if checked.returncode != 0:
                yield f'{name}:1: bash can\'t read it: {checked.stderr.strip()}'


def untested_faults():
    """Finds parts of the engine without a test that needs no engine."""
    parts = {str(p.relative_to(ROOT)): p.stem for p in sorted((ROOT / 'src' / 'engine').glob('*/*.hpp'))}
    for path, name in parts.items():
        test = f'tests/engine/{name}_test.cpp'
        is_tested = (ROOT / test).exists()
        if not is_tested and path not in UNTESTED_PARTS:
            yield f'{path}:1: no {test}: a part comes with a test of its own, without an engine (tests/engine/parts.hpp)'
        if is_tested and path in UNTESTED_PARTS:
            yield f'{path}:1: it has {test}: take it from UNTESTED_PARTS (tools/tidy.py)'
    for path in UNTESTED_PARTS.keys() - parts.keys():
        yield f'tools/tidy.py:1: UNTESTED_PARTS names {path}, which is gone'


CASE = re.compile(r'TEST_CASE(?:_\w+)?\(\s*((?:"(?:\\.|[^"\\])*"\s*)+)')


def cases_of(text):
    """Returns the names of the test cases in a source, each joined from its literals."""
    return {''.join(re.findall(r'"((?:\\.|[^"\\])*)"', m[1])) for m in CASE.finditer(text)}


def promise_faults():
    """Finds promises that name no test, and tests that are named and don't exist."""
    page, promised, tests = ROOT / 'tests' / 'promises.md', 0, 1
    for number, line in enumerate(page.read_text(encoding='utf-8').split('\n') + ['**'], 1):
        if line.startswith('**'):
            if tests == 0:
                yield f'tests/promises.md:{promised}: it names no test'
            promised, tests = number, 0
        if not line.startswith('- '):
            continue
        tests += 1
        named = re.match(r'- `([\w./-]+)`(?:: (.*))?$', line)
        file = ROOT / named[1] if named else None
        if not file or not file.exists():
            yield f'tests/promises.md:{number}: it names no file that is there'
        elif file.name.endswith('_test.cpp') and named[2] not in cases_of(file.read_text(encoding='utf-8')):
            yield f'tests/promises.md:{number}: {named[1]} has no such test case'


SCENARIO = re.compile(r'\bS(\d+)(?:-S(\d+))?\b')


def scenario_numbers(text):
    return {number for m in SCENARIO.finditer(text) for number in range(int(m[1]), int(m[2] or m[1]) + 1)}


def carried_scenarios():
    """Returns {scenario number: {file}}, from the names of test cases, or for programs without test cases from comments in brackets."""
    carried = {}
    for file in sorted((ROOT / 'tests').rglob('*.cpp')):
        text = file.read_text(encoding='utf-8')
        names = cases_of(text)
        if not names:
            names = re.findall(r'\[S[^\]]*\]', '\n'.join(re.findall(r'//.*', text)))
        for number in scenario_numbers(' '.join(names)):
            carried.setdefault(number, set()).add(str(file.relative_to(ROOT / 'tests')))
    return carried


def scenario_faults():
    """Finds scenarios whose line doesn't name the files with their number, and numbers in tests that have no line."""
    page, carried, explained, is_tested = 'docs/scenarios.md', carried_scenarios(), {}, True
    for line_number, line in enumerate((ROOT / page).read_text(encoding='utf-8').split('\n'), 1):
        if line.startswith('## '):
            is_tested = not line.startswith('## Not tested')
        head = re.match(r'- (S\d+(?:, S\d+)*): ', line)
        if not head:
            continue
        named = re.search(r'\(((?:`[^`]*`(?:, )?)+)\)$', line)
        files = set(re.findall(r'`([^`]*)`', named[1])) if named and is_tested else set()
        for number in sorted(scenario_numbers(head[1])):
            where = f'{page}:{line_number}: S{number}'
            if number in explained:
                yield f'{where} is explained in line {explained[number]} already'
            explained[number] = line_number
            there = carried.get(number, set())
            if is_tested and not there:
                yield f'{where} is carried by no test'
            for file in sorted(files - there):
                yield f'{where} is not carried by tests/{file}'
            for file in sorted(there - files):
                yield f'{where} is carried by tests/{file} as well' if is_tested else f'{where} is tested by tests/{file}'
    for number in sorted(carried.keys() - explained.keys()):
        yield f'{page}:1: no line explains S{number}, which {", ".join(sorted(carried[number]))} carries'


def kind_faults():
    """Finds tables from kinds.def that aren't up to date."""
    for path, _ in kinds.stale():
        yield f'{path.relative_to(ROOT)}: not what src/history/kinds.def says; ./dev fmt writes it anew'


def main():
    count = 0
    for fault in [*script_faults(), *promise_faults(), *kind_faults(), *untested_faults(), *scenario_faults()]:
        print(fault)
        count += 1
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob('*.[ch]pp')):
            path = file.relative_to(ROOT)
            for line, fault in faults(path, file.read_text(encoding='utf-8')):
                print(f'{path}:{line}: {fault}')
                count += 1
    print(f'tidy: {count} faults' if count else 'tidy: clean')
    return 1 if count else 0


if __name__ == '__main__':
    sys.exit(main())
