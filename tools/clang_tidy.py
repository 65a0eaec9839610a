#!/usr/bin/env python3
"""clang_tidy.py BUILD FILE...: runs clang-tidy on those of the files that the build compiles, several at a time.

Most of clang-tidy's time goes into the standard library's headers, so sources with the same flags are checked in groups, each as one source.
Sources that don't compile together (they have a name in common) are checked by themselves. Precompiled headers are
left out: clang-tidy refuses one that is older than a header of the system. Returns 1 if something was found.
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
GROUP = 8
CONFIG = ROOT / '.clang-tidy'
SHOWN = re.search(r"^HeaderFilterRegex: '(.*)'$", CONFIG.read_text(encoding='utf-8'), re.M)[1] + r'|\.cpp$'
NOISE = re.compile(r'(warnings?|errors?) generated|^Suppressed|^Use -header-filter|^\d+ warnings? treated|^Error while processing')


def commands(build):
    """Returns {source: (folder, flags)}. Several programs may compile the same source; it is listed once."""
    listed = json.loads(subprocess.run(['ninja', '-C', build, '-t', 'compdb'], check=True, capture_output=True, text=True).stdout)
    found = {}
    for c in listed:
        source = os.path.relpath(os.path.join(c['directory'], c['file']), ROOT)
        if source.endswith('.cpp'):
            flags = re.sub(r' -(include-pch|MQ|MF|o|c) \S+| -MD| -fpch\S+| -Winvalid-pch', '', c['command'])
            found[source] = (c['directory'], flags)
    return found


class Group:
    def __init__(self, place, number, folder, flags, sources):
        self.place, self.number, self.folder, self.flags, self.sources = place / str(number), number, folder, flags, sources

    def text(self):
        """Returns the sources as one text: first the headers that they include, then the sources, each of a test's in a namespace."""
        apart = self.sources[0].startswith('tests/')
        lines = []
        for source in self.sources if apart else ():
            path = ROOT / source
            for header in re.findall(r'^#include (["<]\S+[">])', path.read_text(encoding='utf-8'), re.M):
                beside = path.parent / header.strip('"<>')
                lines.append(f'#include "{beside}"' if header[0] == '"' and beside.exists() else f'#include {header}')
        for i, source in enumerate(self.sources):
            include = f'#include "{ROOT / source}"'
            lines.append(f'namespace source_{i} {{\n{include}\n}}' if apart else include)
        return '\n'.join(lines) + '\n'

    def look(self):
        """Returns (True if it compiles, findings)."""
        self.place.mkdir(parents=True, exist_ok=True)
        one = len(self.sources) == 1
        source = ROOT / self.sources[0] if one else self.place / 'sources.cpp'
        if not one:
            source.write_text(self.text(), encoding='utf-8')
        flags = self.flags if one else f'{self.flags} -Wno-shadow'  # by a name in another source
        command = {'directory': self.folder, 'file': str(source), 'command': f'{flags} -c {source}'}
        (self.place / 'compile_commands.json').write_text(json.dumps([command]), encoding='utf-8')
        tidy = ['clang-tidy-19', '-p', str(self.place), '--quiet', f'--config-file={CONFIG}', f'--header-filter={SHOWN}']
        checks = ['-bugprone-suspicious-include'] if not one else []
        if self.sources[0].startswith('tests/'):
            checks.append('-performance-inefficient-vector-operation')  # a test's list is short, and says what it holds
        if checks:
            tidy.append(f'--checks={",".join(checks)}')
        done = subprocess.run([*tidy, str(source)], cwd=ROOT, text=True, capture_output=True)
        said = '\n'.join(line for line in (done.stdout + done.stderr).splitlines() if not NOISE.search(line))
        return 'clang-diagnostic-error' not in said, said if done.returncode else ''

    def run(self):
        compiles, said = self.look()
        if compiles or len(self.sources) == 1:
            return said
        # tries without those that the compiler names; if it names none, tries the halves
        named = set(re.findall(r'^(/\S+?):\d+:\d+: error: .*clang-diagnostic-error', said, re.M))
        apart = [s for s in self.sources if str(ROOT / s) in named]
        half = len(self.sources) // 2
        parts = [[s] for s in apart] + [[s for s in self.sources if s not in apart]] if apart else [self.sources[:half], self.sources[half:]]
        groups = [Group(self.place, i, self.folder, self.flags, sources) for i, sources in enumerate(parts) if sources]
        return '\n'.join(filter(None, (g.run() for g in groups)))


def main():
    build, asked = sys.argv[1], set(sys.argv[2:])
    known = commands(build)
    alike = collections.defaultdict(list)
    for source in sorted(asked & known.keys()):
        is_program = 'int main(' in (ROOT / source).read_text(encoding='utf-8')  # which is `main` in no namespace
        alike[(known[source], os.path.dirname(source), source if is_program else '')].append(source)
    place = pathlib.Path(build).resolve() / 'clang-tidy'
    groups = []
    for ((folder, flags), _, _), sources in alike.items():
        for i in range(0, len(sources), GROUP):
            groups.append(Group(place, len(groups), folder, flags, sources[i:i + GROUP]))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [said for said in pool.map(Group.run, groups) if said]
    print('\n'.join(found), end='\n' if found else '')
    return 1 if found else 0


sys.exit(main())
