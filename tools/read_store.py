#!/usr/bin/env python3
"""Reads a store of Stet by docs/format.md, and prints what is wrong with it.

    stet-read-store STORE              prints the runs and the problems; exits with 1 if it finds a problem
    stet-read-store STORE --run RUN    prints the history of a run, by its number or id. It seeks the run and checks nothing else, so it is quick
    stet-read-store STORE --quiet      prints only the problems

(In the source, tools/read_store.py.) Payloads are shown decoded; those that are compressed or encrypted by the name of what sealed them. STORE is lmdb:PATH, sqlite:PATH, rocksdb:PATH (by `ldb`, of Debian's rocksdb-tools) or lines:FILE (what `ldb --hex scan`
prints, or another program that writes 0xKEY : 0xVALUE). Read a store while no engine has it open, or read a copy: the two files
of LMDB are not read in one moment.
"""
import argparse
import datetime
import pathlib
import struct
import sys

# Beside this file in the source; in a folder of its own where it is installed.
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'share' / 'stet')]
sys.dont_write_bytecode = True
from reader import cbor, checks, containers, decode  # noqa: E402


def when(milliseconds):
    try:
        return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc).strftime('%F %T.%f')[:-3]
    except (OverflowError, ValueError, OSError):
        return str(milliseconds)


COMMAND_OF = 'command'  # the field of an event and of a note that names a command by its number
PAYLOADS = {'payload', 'memo'}
TIMES = {'time', 'begins_at', 'deadline'}
LENGTHS = {'run_timeout', 'late'}
INTERNAL = {'seed', 'secret', 'payload_max'}  # of no use to a person, and the secret is one
CODES = ['usage', 'payload', 'too_deep', 'unknown_workflow', 'conflict', 'not_found', 'rejected', 'step_failed', 'step_timed_out',
         'step_interrupted', 'step_crashed', 'run_failed', 'run_cancelled', 'run_terminated', 'run_stalled', 'store', 'corrupt', 'full', 'closed',
         'child_failed', 'promise_rejected', 'update_failed', 'run_ended', 'run_timed_out', 'internal', 'busy', 'other_arguments']


def shown(name, value):
    """Returns a field of a record for a person."""
    if name in TIMES:
        return when(value)
    if name in LENGTHS:
        return f'{value} ms'
    if name in PAYLOADS:
        return cbor.shown(value)
    if name == 'attributes':
        return '{' + ', '.join(f'{cbor.text(n)}: {attribute(k, v)}' for n, k, v in decode.attributes(value)) + '}'
    if name == 'error':
        kind, words, path = value
        through = ''.join(f' through {cbor.text(step)}' for _, _, step in path)
        return f'{cbor.text(kind)} {cbor.text(words)}{through}'
    if isinstance(value, dict):
        return '{' + ' '.join(f'{k}={shown(k, v)}' for k, v in value.items() if v and k not in INTERNAL) + '}'
    if name == 'code' and value < len(CODES):
        return CODES[value]
    return cbor.text(value) if isinstance(value, bytes) else str(value)


def attribute(kind, value):
    if isinstance(value, list):
        return '[' + ', '.join(map(cbor.text, value)) + ']'
    if kind == 3:
        return str(struct.unpack('>d', struct.pack('>Q', value))[0])
    return when(value) if kind == 4 else cbor.text(value) if isinstance(value, bytes) else str(value)


def words_of(record, commands):
    """Returns the words of a record: what it is, of which command by name, and its fields."""
    fields = dict(record.fields)
    said = [record.word]
    of_update = record.kind in (28, 29)  # there `command` is the number of an update
    if COMMAND_OF in fields and not (record.kind == 1 and not fields['related']):
        number = fields.pop(COMMAND_OF)
        if record.is_command() and not of_update and record.kind != 21 and record.kind != 19:
            text = fields['target'] if record.kind == 18 else fields.get('name')
            commands[number] = cbor.text(text) if text else ''
            said.append(f'{number}')
        else:
            said.append(f'{number}' if of_update else f'{number} {commands.get(number, "")}'.rstrip())
    elif record.kind == 1:
        fields.pop(COMMAND_OF)
        fields.pop('related')
    if record.kind == 17:
        number = fields.pop('number')
        said.append(f'until {when(number)}' if record.flags & 8 else f'of {number} ms')
    if record.kind == 33:
        said.append(f'at {when(fields.pop("number"))}')
    for name, value in fields.items():
        if name in INTERNAL or value in (b'', 0, {}):
            continue
        if name == 'start' and shown(name, value) == '{}':
            continue
        if record.kind == 31 and name == 'payload':
            text = shown('attributes', value) if record.flags & 4 else cbor.shown(value) if record.flags & 8 else cbor.text(value)
            said.append(text)
        else:
            said.append(f'{name}={shown(name, value)}')
    return ' '.join(said)


def print_history(store, wanted):
    found = [n for n in store.runs if str(n) == wanted or getattr(store.runs[n], 'id', b'') == wanted.encode()]
    if not found:
        print(f'read_store: there is no run with the number or the id {wanted!r}', file=sys.stderr)
    for number in found:
        run = store.runs[number]
        print(f'run {number} {cbor.text(run.id)} of workflow {cbor.text(run.workflow)}: {status_of(run)}')
        commands = {}
        for i, r in enumerate(store.histories[number]):
            print(f'  {i:4} {words_of(r, commands)}' + (f' (flags {r.flags})' if r.flags else ''))
    return bool(found)


def status_of(run):
    return 'stalled' if run.stalled and run.open() else decode.STATUS[run.status]


def name_of(run, history, command):
    """Returns the name that a command has in the history."""
    for r in history:
        if r.is_command() and r.fields.get(COMMAND_OF) == command and r.fields.get('name'):
            return ' ' + cbor.text(r.name)
    return ''


def print_runs(store):
    m = store.marks
    if m:
        print(f'epoch {m.epoch}, {"closed" if m.clean else "open, or killed"}, next run {m.next_run}; '
              f'{store.blocks} blocks, {len(store.pairs)} keys')
    for number, run in sorted(store.runs.items()):
        waits = ', '.join(p.kind + name_of(run, store.histories[number], p.command) for p in run.pending.values())
        print(f'{number:6} {cbor.text(run.id)} {cbor.text(run.workflow)} {status_of(run)}, {run.records} records'
              + (f', waits for {waits}' if waits and run.open() else ''))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    arguments.add_argument('store', help='lmdb:PATH, sqlite:PATH, rocksdb:PATH or lines:FILE')
    arguments.add_argument('--run', help='print the history of this run: a number, or an id')
    arguments.add_argument('--quiet', action='store_true', help='print only what is wrong')
    given = arguments.parse_args()
    try:
        store = checks.OneId(containers.seek(given.store), given.run) if given.run else checks.Store(*containers.read(given.store))
    except decode.Malformed as e:
        print(f'wrong: {e}')
        return 1
    if given.run:
        if not print_history(store, given.run) and not store.problems:
            return 1
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
