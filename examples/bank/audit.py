#!/usr/bin/env python3
"""audit.py FILE: do the books of a bank balance? FILE is the store of sqlite:FILE, with nobody at work on it.

Shares no code with Stet: it reads what docs/format.md says is there. FILE may be what a killed process left: it is
copied, with its -wal, and the copy is read. Prints what it read; 0 if the books balance, else 1.
"""
import collections
import pathlib
import shutil
import sqlite3
import sys
import tempfile

WORLD, IN_FLIGHT = '*world', '*in flight'
ALLOWED = {('opened',), ('debit',), ('debit', 'credit'), ('debit', 'given back')}


def take(data, size):
    if size > len(data):
        raise ValueError(f'a value of {size} bytes of which {len(data)} are there')
    return data[:size], data[size:]


def cbor(data):
    """One item of what the bank writes: integers, texts, maps. Returns it and what follows."""
    head, data = take(data, 1)
    major, number = head[0] >> 5, head[0] & 31
    if major not in (0, 1, 3, 5) or number > 27:
        raise ValueError(f'a CBOR item that is in no account or entry: it begins with {head[0]:02x}')
    if number >= 24:
        digits, data = take(data, 1 << number - 24)
        number = int.from_bytes(digits, 'big')
    if major == 0:
        return number, data
    if major == 1:
        return -1 - number, data
    if major == 3:
        text, data = take(data, number)
        return text.decode(), data
    found = {}
    for _ in range(number):
        key, data = cbor(data)
        found[key], data = cbor(data)
    return found, data


def value(data):
    item, rest = cbor(data)
    if rest:
        raise ValueError(f'{len(rest)} bytes behind a value')
    return item


def take_text(key):
    """A text within a key: 00 ff is a 00, 00 01 ends it. Returns it and what follows."""
    text = b''
    while True:
        at = key.index(b'\0')
        text, mark, key = text + key[:at], key[at + 1], key[at + 2:]
        if mark == 1:
            return text.decode(), key
        text += b'\0'


def rows(path):
    """All keys and values, from a copy."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / 'store'
        shutil.copyfile(path, copy)
        if pathlib.Path(f'{path}-wal').exists():
            shutil.copyfile(f'{path}-wal', f'{copy}-wal')
        database = sqlite3.connect(copy)
        # A process may be killed before it has committed anything at all.
        made = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'pairs'").fetchone()
        found = database.execute('SELECT key, value FROM pairs ORDER BY key').fetchall() if made else []
        database.close()
        return found


def read(path):
    """(accounts, entries of each transfer)"""
    accounts, ledger, count, made = {}, collections.defaultdict(list), 0, None
    for key, data in rows(path):
        count += 1
        if key == b'm format':
            made = data
        if not key.startswith(b'\0u'):
            continue
        namespace, rest = take_text(key[2:])
        table, rest = take_text(rest)
        name, number = take_text(rest)
        if (namespace, table) == ('default', 'accounts'):
            accounts[name] = value(data)['balance']
        elif (namespace, table) == ('default', 'ledger'):
            if int.from_bytes(number, 'big') != len(ledger[name]):
                raise ValueError(f'{name}: entry {len(ledger[name])} is not there')
            ledger[name].append(value(data))
    if made != b'1' and count > 0:
        raise ValueError(f'this program reads format 1, not {made}')
    return count, accounts, ledger


def faults(accounts, ledger):
    sums = collections.Counter()
    for transfer, entries in ledger.items():
        for e in entries:
            sums[e['account']] += e['amount']
        if sum(e['amount'] for e in entries) != 0:
            yield f'{transfer}: its entries sum to {sum(e["amount"] for e in entries)}'
        if any(a['what'] != b['what'] or a['amount'] + b['amount'] != 0 for a, b in zip(entries[::2], entries[1::2])):
            yield f'{transfer}: a posting whose sides do not match'
        if tuple(e['what'] for e in entries[::2]) not in ALLOWED:
            yield f'{transfer}: {[e["what"] for e in entries[::2]]}'
        if len({abs(e['amount']) for e in entries}) != 1:
            yield f'{transfer}: more than one amount'
    for name in accounts.keys() | sums.keys():
        if accounts.get(name) != sums[name]:
            yield f'{name} has {accounts.get(name)}, its entries sum to {sums[name]}'
        if sums[name] < 0 and name != WORLD:
            yield f'{name} is below 0: {sums[name]}'
    if sum(accounts.values()) != 0:
        yield f'the accounts sum to {sum(accounts.values())}'
    if sum(sums.values()) != 0:
        yield f'the ledger sums to {sum(sums.values())}'


def main(path):
    try:
        count, accounts, ledger = read(path)
    except (OSError, ValueError, KeyError, IndexError, sqlite3.Error) as e:
        print(f'audit.py: can\'t read {path}: {e}')
        return 1
    entries = [e for of_one in ledger.values() for e in of_one]
    print(f'audit.py read {count} rows of {path}: {len(accounts)} accounts sum to {sum(accounts.values())}, '
          f'{len(entries)} entries of {len(ledger)} transfers and openings sum to {sum(e["amount"] for e in entries)}, '
          f'{accounts.get(IN_FLIGHT, 0)} in flight')
    wrong = list(faults(accounts, ledger))
    for fault in wrong[:5]:
        print(f'audit.py: {fault}')
    if wrong:
        print(f'audit.py: THE BOOKS DON\'T BALANCE: {len(wrong)} faults')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
