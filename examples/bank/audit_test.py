#!/usr/bin/env python3
"""audit_test.py FILE: audit.py finds what is wrong in copies of FILE, the books of a bank, that were changed."""
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the source tree gets no cache
import audit  # noqa: E402

AUDIT = pathlib.Path(audit.__file__)
PREFIX = b'\0udefault\0\1'


def encode(item):
    """What audit.cbor reads."""
    def head(major, n):
        if n < 24:
            return bytes([major << 5 | n])
        size = next(size for size in (1, 2, 4, 8) if n < 256 ** size)
        return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + n.to_bytes(size, 'big')
    if isinstance(item, int):
        return head(0, item) if item >= 0 else head(1, -1 - item)
    if isinstance(item, str):
        return head(3, len(item.encode())) + item.encode()
    return head(5, len(item)) + b''.join(encode(k) + encode(v) for k, v in item.items())


class books:
    """A copy that may be changed."""
    def __init__(self, path):
        self.database = sqlite3.connect(path)

    def rows(self, table):
        prefix = PREFIX + table.encode() + b'\0\1'
        found = self.database.execute('SELECT key, value FROM pairs WHERE substr(key, 1, ?) = ? ORDER BY key',
                                      (len(prefix), prefix)).fetchall()
        return [(key, audit.value(value)) for key, value in found]

    def paid(self):
        """The four entries of a transfer that was paid."""
        ledger = self.rows('ledger')
        at = next(i for i, (_, e) in enumerate(ledger) if e['what'] == 'credit')
        return ledger[at - 2:at + 2]

    def put(self, key, value):
        self.database.execute('INSERT OR REPLACE INTO pairs VALUES(?, ?)', (key, encode(value)))

    def erase(self, key):
        self.database.execute('DELETE FROM pairs WHERE key = ?', (key,))


def nothing(b):
    for key, value in b.rows('accounts') + b.rows('ledger'):
        b.put(key, value)


def a_balance(b):
    key, account = b.rows('accounts')[3]
    b.put(key, account | {'balance': account['balance'] + 1})


def an_amount(b):
    key, entry = b.paid()[0]
    b.put(key, entry | {'amount': entry['amount'] + 1})


def half_a_posting(b):
    b.erase(b.paid()[3][0])


def no_credit(b):
    for key, _ in b.paid()[2:]:
        b.erase(key)


def another_debit(b):
    """Twice in the ledger and in the balances, so that every sum is right."""
    (key, taken), (_, flying) = b.paid()[:2]
    for i, entry in enumerate((taken, flying)):
        b.put(key[:-4] + (4 + i).to_bytes(4, 'big'), entry)
        for at, account in b.rows('accounts'):
            if audit.take_text(at[len(PREFIX + b'accounts\0\1'):])[0] == entry['account']:
                b.put(at, account | {'balance': account['balance'] + entry['amount']})


def an_account(b):
    b.erase(b.rows('accounts')[3][0])


def a_cut_value(b):
    key, entry = b.paid()[0]
    b.database.execute('UPDATE pairs SET value = ? WHERE key = ?', (encode(entry)[:-1], key))


CASES = {nothing: None, a_balance: 'the accounts sum to 1', an_amount: 'the ledger sums to 1',
         half_a_posting: 'its entries sum to', no_credit: 'its entries sum to', another_debit: "['debit', 'credit', 'debit']",
         an_account: 'has None', a_cut_value: "can't read"}


def check(path, change, wanted):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / 'books'
        shutil.copyfile(path, copy)
        b = books(copy)
        change(b)
        b.database.commit()
        b.database.close()
        done = subprocess.run([sys.executable, AUDIT, copy], text=True, capture_output=True)
    good = done.returncode == (1 if wanted else 0) and (wanted or '0 in flight') in done.stdout
    print(f'{"ok    " if good else "FAILED"}  {change.__name__.replace("_", " ")}: {wanted or "the books balance"}')
    if not good:
        print(done.stdout, done.stderr)
    return good


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    results = [check(sys.argv[1], change, wanted) for change, wanted in CASES.items()]
    sys.exit(0 if all(results) else 1)
