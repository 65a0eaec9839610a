#!/usr/bin/env python3
"""report.py BUILD OUT [--full]: runs the programs that try to break Stet, and writes their results to OUT.

Each row is a fault: the program that provokes it, how often it did, and how often Stet failed. With --full the programs take their
long budgets (hours); otherwise those of ./dev test. The page includes two others as they are: the bugs that were found
(docs/reliability-bugs.md) and the promises (tests/promises.md).
"""
import datetime
import os
import pathlib
import platform
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUGS = ROOT / 'docs' / 'reliability-bugs.md'
PROMISES = ROOT / 'tests' / 'promises.md'


def program_of(command):
    """A command without the environment variables before it."""
    return re.sub(r'^(\w+=\S+ )+', '', command)


def run_once(build, command):
    """Returns (exit code, output) of a command. Results for this build are kept in BUILD/report, so that a report that was cut short goes on."""
    program = build / program_of(command).split()[0]
    kept = build / 'report' / (re.sub(r'\W+', '-', command) + f'-{program.stat().st_mtime_ns}')
    if kept.exists():
        code, _, said = kept.read_text(encoding='utf-8').partition('\n')
        return int(code), said
    done = subprocess.run(command, cwd=build, text=True, shell=True, capture_output=True)
    said = done.stdout + done.stderr
    if done.returncode in (0, 77):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(f'{done.returncode}\n{said}', encoding='utf-8')
    else:
        print(said[-3000:])
    return done.returncode, said


class Row:
    """A fault. `trials` and `points` are patterns with one number each, for the program's output; its exit code says if Stet failed.
    `full`: its environment with --full; `parts`: the arguments of several executions that together do the same work with --full."""

    def __init__(self, fault, command, trials, points=None, full=None, parts=None):
        self.fault, self.command, self.trials, self.points, self.full, self.parts = fault, command, trials, points, full or {}, parts or ['']

    def run(self, build, is_full):
        commands = [self.command]
        if is_full and self.full:
            self.command = ''.join(f'{name}={value} ' for name, value in self.full.items()) + program_of(self.command)
            commands = [f'{self.command} {part}'.strip() for part in self.parts]
        ran = [run_once(build, command) for command in commands]
        self.code = next((code for code, _ in ran if code), 0)
        self.last = (ran[-1][1].strip().splitlines() or [''])[-1]
        self.found = sum(self.numbers(self.trials, said) for _, said in ran)
        self.at = max(self.numbers(self.points, said) for _, said in ran) if self.points else None

    @staticmethod
    def numbers(pattern, text):
        return sum(int(n.replace(',', '')) for n in re.findall(pattern, text, re.M))

    def line(self):
        if self.code == 77:
            return f'| {self.fault} | skipped: {self.last} | | | | `{self.shown()}` |'
        bound = f'{3 / self.found:.1e}' if self.found and self.code == 0 else ''
        return (f'| {self.fault} | {self.found or 0:,} | {"" if self.at is None else f"{self.at:,}"} | {0 if self.code == 0 else "FAILED"} '
                f'| {bound} | `{self.shown()}` |')

    def shown(self):
        return self.command.replace('tests/', 'build/tests/', 1)


MISSED = '**not caught**'
CAMPAIGN = r'^[\w-]+: (\d+) trials'
CAMPAIGNS = {
    'oom': 'the n-th allocation fails, coroutine frames included',
    'calls': 'the n-th system call of a store fails: EIO, ENOSPC, EINTR, short writes, an fsync that then "succeeds"',
    'syscalls': 'SIGKILL at the n-th system call, counted across threads',
    'kills': 'SIGKILL at a random moment under load, again and again on one store',
    'blocks': 'what was written and not flushed is lost, torn or reordered',
    'blocks-control': 'the same on a disk that hears no flush: noticed, as it must be',
    'throws': 'the n-th call of a callback of the user throws: codecs, transforms, handlers, predicates, bodies, listeners',
    'clocks': 'the clock of the real process jumps',
    'host': 'few descriptors, small files, no standard streams, forks, a second process, a store that is moved, deleted, unlocked',
}


def rows(build):
    long_cuts = {'STET_POWERCUT_CUTS': '5000'}
    configs = re.findall(r'^      \{"([a-z]+-[\w-]+)"', (ROOT / 'tests/crash/life.cpp').read_text(encoding='utf-8'), re.M)
    yield Row('SIGKILL at every durable operation, and a second one in the recovery', 'tests/crash-suite',
              r'(\d+) trials, \d+ kills', r'(\d+) distinct crash points', {'STET_CRASH_BUDGET': 'full'}, [f'--config {c}' for c in configs])
    yield Row('every script of up to three operations, at every crash point', 'tests/test-exhaustive', r': (\d+) crashes', r'(\d+) scripts of')
    yield Row('the whole engine under one seed: crashes, faults of the store, clocks, orders', 'tests/simulate --seeds 40000',
              r'^(\d+) seeds', None)
    named = subprocess.run(['tests/faults'], cwd=build, text=True, capture_output=True).stderr
    for name in re.findall(r'[\w-]+', named.partition('campaigns are')[2].splitlines()[0] if 'campaigns are' in named else ''):
        yield Row(CAMPAIGNS.get(name, name), f'STET_FAULT_BUDGET=20 tests/faults {name}', CAMPAIGN, None, {'STET_FAULT_BUDGET': 'full'})
    yield Row('bits, pages and files of a store damaged by chance', 'tests/golden-damage', r'^\w+\s+(\d+) trials', None, {'STET_FAULT_BUDGET': 'full'})
    for store in ('lmdb', 'rocksdb', 'sqlite'):
        yield Row(f'power cut, {store}', f'STET_POWERCUT_CUTS=200 tests/powercut {store}:store', r'(\d+) cuts', None, long_cuts)
    for name in sorted(p.name for p in (build / 'tests').glob('*_fuzz')):
        yield Row(f'random input: {name}', f'tests/{name} 50000', r'(\d+) inputs')
    yield Row('stores that break their contract, against the conformance suite', 'tests/test-conformance', r'test cases:\s*(\d+)')
    yield Row('the same workload on all stores', 'tests/test-tools', r'assertions:\s*(\d+)')


def controls(build, suite, program):
    """Returns {name: how it was caught} for each fault that was seeded on purpose."""
    done = subprocess.run(['bash', ROOT / f'tests/{suite}/controls.sh', build / 'tests' / program], text=True, capture_output=True)
    caught = {}
    for line in done.stdout.splitlines():
        if red := re.match(r'red, as it must be: (\w+): (?:.*?violation: )?(.*?)(\s+\[.*)?$', line):
            caught[red[1]] = red[2].replace('|', '\\|')[:120]
        elif missed := re.match(r'NOT CAUGHT: (\w+)', line):
            caught[missed[1]] = MISSED
    return caught


def weak_modes(build):
    """Returns (store, result) for each store in a mode that promises nothing."""
    for store in ('lmdb', 'rocksdb', 'sqlite', 'nosync'):
        done = subprocess.run(['tests/powercut', f'{store}:store', 'must-lose'], cwd=build, text=True, capture_output=True)
        yield store, done.stdout.strip().splitlines()[-1] if done.returncode == 0 else MISSED


def meanings():
    """Returns {name: text} of the seeded faults, from the header that lists them."""
    text = (ROOT / 'src/base/hooks.hpp').read_text(encoding='utf-8')
    return dict(re.findall(r'fault\((\w+)\)\s*/\* (.*?) \*/', text))


def page(build, is_full):
    found = list(rows(build))
    for row in found:
        print(f'{row.fault} …', flush=True)
        row.run(build, is_full)
        print(f'  {row.last}', flush=True)
    suite, simulation = controls(build, 'crash', 'crash-suite'), controls(build, 'simulation', 'simulate')
    means = {**meanings(), 'deaf_disk': 'the disk hears no flush', 'credulous_store': 'a store flushes again after a failure, and believes it'}
    yield '# How Stet is tried, and what came of it\n\n'
    yield f'By `./dev report{" --full" if is_full else ""}`, which wrote this page. '
    yield f'{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {platform.system()} {platform.release()}, {os.cpu_count()} processors.\n\n'
    yield 'A *point* is a place of ours where a trial interferes. No failure in n independent trials means, at 95 %, that fewer than 3/n of such trials fail: the bound.\n\n'
    yield '| fault | trials | points | failures | bound | to do it again |\n|---|--:|--:|--:|--:|---|\n'
    yield from (row.line() + '\n' for row in found)
    yield '\n## Controls\n\nA test that can\'t fail proves nothing. Each of these faults was put into a copy of the library on purpose; the crash suite and the simulation have to go red.\n'
    yield 'To do it again: `tests/crash/controls.sh build/tests/crash-suite`, `tests/simulation/controls.sh build/tests/simulate`.\n\n'
    yield '| the fault | | the crash suite says | the simulation says |\n|---|---|---|---|\n'
    yield from (f'| `{name}` | {means.get(name, "")} | {suite.get(name, "is not asked")} | {simulation.get(name, "is not asked")} |\n'
                for name in {**simulation, **suite})
    missed = [name for name in simulation if MISSED in (suite.get(name), simulation[name])]
    yield f'\n{len(simulation) - len(missed)} of {len(simulation)} caught.\n\nPower cuts of stores that are told not to flush must lose something:\n\n'
    yield from (f'- `powercut {store}:store must-lose`: {said}\n' for store, said in weak_modes(build))
    yield '\n## What is promised, and what tries to break it\n\n'
    yield PROMISES.read_text(encoding='utf-8')
    yield '\n'
    yield BUGS.read_text(encoding='utf-8') if BUGS.exists() else ''


def main():
    build, out = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    out.write_text(''.join(page(build, '--full' in sys.argv)), encoding='utf-8')


main()
