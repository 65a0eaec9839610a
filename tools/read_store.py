#!/usr/bin/env python3
"""Reads a store of Stet by docs/format.md, and prints what is wrong with it.

    read_store.py STORE              prints the runs and the problems; exits with 1 if it finds a problem
    read_store.py STORE --run RUN    prints the history of a run, by its number or id
    read_store.py STORE --quiet      prints only the problems

STORE is lmdb:PATH, sqlite:PATH, rocksdb:PATH (by `ldb`, of Debian's rocksdb-tools) or lines:FILE (what `ldb --hex scan`
prints, or another program that writes 0xKEY : 0xVALUE). Read a store while no engine has it open, or read a copy: the two files
of LMDB are not read in one moment.
"""
import argparse
import datetime
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
from reader import checks, containers, decode  # noqa: E402


def when(milliseconds):
    try:
        return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc).strftime('%F %T.%f')[:-3]
    except (OverflowError, ValueError, OSError):
        return str(milliseconds)


def shown(value):
    if isinstance(value, bytes):
        return checks.shown(value) if value.isascii() and value.decode().isprintable() else value.hex()
    if isinstance(value, dict):
        return '{' + ' '.join(f'{k}={shown(v)}' for k, v in value.items() if v) + '}'
    return str(value)


def print_history(store, wanted):
    found = [n for n in store.runs if str(n) == wanted or getattr(store.runs[n], 'id', b'') == wanted.encode()]
    if not found:
        sys.exit(f'read_store: there is no run {wanted!r}')
    for number in found:
        print(f'{store.name(number)}:')
        for i, r in enumerate(store.histories[number]):
            fields = {k: when(v) if k == 'time' else shown(v) for k, v in r.fields.items()}
            print(f'  {i:4} {r.word}', *([f'flags={r.flags}'] if r.flags else []), *(f'{k}={v}' for k, v in fields.items()))


def print_runs(store):
    m = store.marks
    if m:
        print(f'epoch {m.epoch}, {"closed" if m.clean else "open, or killed"}, next run {m.next_run}; '
              f'{store.blocks} blocks, {len(store.pairs)} keys')
    for number, run in sorted(store.runs.items()):
        status = 'stalled' if run.stalled and run.open() else decode.STATUS[run.status]
        waits = ', '.join(f'{p.kind} {p.command}' for p in run.pending.values())
        print(f'{number:6} {shown(run.id)} {shown(run.workflow)} {status}, {run.records} records'
              + (f', waits for {waits}' if waits and run.open() else ''))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    arguments.add_argument('store', help='lmdb:PATH, sqlite:PATH, rocksdb:PATH or lines:FILE')
    arguments.add_argument('--run', help='print the history of this run: a number, or an id')
    arguments.add_argument('--quiet', action='store_true', help='print only what is wrong')
    given = arguments.parse_args()
    try:
        store = checks.Store(*containers.read(given.store))
    except decode.Malformed as e:
        print(f'wrong: {e}')
        return 1
    if given.run:
        print_history(store, given.run)
    elif not given.quiet:
        print_runs(store)
    for problem in store.problems:
        print(f'wrong: {problem}')
    if not given.quiet:
        print(f'{len(store.runs)} runs, {sum(r.records for r in store.runs.values())} records, '
              f'{len(store.problems)} problems')
    return 1 if store.problems else 0


if __name__ == '__main__':
    sys.exit(main())
