"""A store's pairs of key and value, from each kind of file: docs/format.md, "The file of SQLite", "The log of LMDB"."""
import pathlib
import re
import shutil
import sqlite3
import struct
import subprocess

from .decode import Malformed, crc32c

LOG_KEY = (b'\xff\xff stet log ').ljust(511, b'\xff')
LOG_MAGIC = b'stet-log'
RECORD_MAGIC = b'StCr'
FIRST_RECORD = 4096
STEP = 64


def opened(url, kinds):
    scheme, _, path = url.partition(':')
    if scheme not in kinds or not path:
        raise Malformed(f'a store is named scheme:path, with one of {", ".join(kinds)}; this is {url!r}')
    if not pathlib.Path(path).exists():
        raise Malformed(f'{path}: there is no such file')
    return kinds[scheme](path)


def read(url):
    """Returns {key: value} of `lmdb:PATH`, `sqlite:PATH`, `rocksdb:PATH` or `lines:PATH`, and the findings on the way."""
    return opened(url, {'lmdb': lmdb_pairs, 'sqlite': sqlite_pairs, 'rocksdb': rocksdb_pairs, 'lines': lines_pairs})


def seek(url):
    """Returns a reader of ranges of keys: it seeks in the store's own index, and checks nothing else of the file."""
    return opened(url, {'lmdb': LmdbRanges, 'sqlite': SqliteRanges, 'rocksdb': RocksdbRanges, 'lines': LinesRanges})


# ---- a part of a store: range(first, end) has first <= key < end, in order; at most `most` of them
class LinesRanges:
    def __init__(self, path):
        self.pairs = lines_pairs(path)[0]

    def range(self, first, end, most=None):
        keys = sorted(k for k in self.pairs if first <= k < end)
        return {k: self.pairs[k] for k in keys[:most]}


class SqliteRanges:
    def __init__(self, path):
        self.path, self.base = path, open_sqlite(path)

    def range(self, first, end, most=None):
        try:
            rows = self.base.execute('SELECT key, value FROM pairs WHERE key >= ? AND key < ? ORDER BY key LIMIT ?',
                                     (first, end, -1 if most is None else most))
            return {bytes(k): bytes(v) for k, v in rows}
        except sqlite3.DatabaseError as e:
            raise Malformed(f'{self.path}: SQLite says: {e}') from e


class RocksdbRanges:
    def __init__(self, path):
        self.path = path

    def range(self, first, end, most=None):
        limit = [] if most is None else [f'--max_keys={most}']
        return parse_lines(ldb(self.path, 'scan', f'--from=0x{first.hex()}', f'--to=0x{end.hex()}', *limit), self.path)


class LmdbRanges:
    """LMDB's own pairs under those of the log before it."""

    def __init__(self, path):
        self.path, self.base, self.over = path, None, Overlay()
        if pathlib.Path(path).stat().st_size == 0:
            return
        lmdb = lmdb_module()
        try:
            self.env = lmdb.open(path, subdir=False, readonly=True, lock=False, max_dbs=0)
            self.base = self.env.begin()
        except lmdb.Error as e:
            raise Malformed(f'{path}: LMDB says: {e}') from e
        log = needed_log(path, self.base.get(LOG_KEY))
        if log:
            replay(*log, self.over)

    def range(self, first, end, most=None):
        found, cursor = {}, self.base.cursor() if self.base else None
        more = bool(cursor and cursor.set_range(first))
        while more and (key := bytes(cursor.key())) < end:
            if key != LOG_KEY and not self.over.hides(key):
                found[key] = bytes(cursor.value())
                if most is not None and len(found) >= most:
                    break
            more = cursor.next()
        found.update((k, v) for k, v in self.over.items() if first <= k < end)
        return {k: found[k] for k in sorted(found)[:most]}


class Overlay(dict):
    """What a log puts, and which keys below it no longer count: those that it erased or put."""

    def __init__(self):
        super().__init__()
        self.gone, self.ranges = set(), []

    def __setitem__(self, key, value):
        self.gone.add(key)
        super().__setitem__(key, value)

    def pop(self, key, default=None):
        self.gone.add(key)
        return super().pop(key, default)

    def erase_range(self, first, end):
        self.ranges.append((first, end))
        for key in [k for k in self if first <= k < end]:
            del self[key]

    def hides(self, key):
        return key in self.gone or any(first <= key < end for first, end in self.ranges)


# ---- whole stores
def open_sqlite(path):
    if pathlib.Path(path + '-journal').exists():  # only before WAL mode; to read it is to write
        raise Malformed(f'{path}: it is being made, or that was cut short: it has a rollback journal')
    base = sqlite3.connect(pathlib.Path(path).absolute().as_uri() + '?mode=ro', uri=True)
    try:
        application, = base.execute('PRAGMA application_id').fetchone()
        version, = base.execute('PRAGMA user_version').fetchone()
        if (application, version) != (0x53746574, 1):
            raise Malformed(f'{path}: application_id {application:#x} and user_version {version} are not a store\'s')
        return base
    except sqlite3.DatabaseError as e:
        raise Malformed(f'{path}: SQLite says: {e}') from e


def sqlite_pairs(path):
    base = open_sqlite(path)
    try:
        # Only a whole check sees a page that is in two places, or in none.
        for line, in base.execute('PRAGMA integrity_check'):
            if line != 'ok':
                raise Malformed(f'{path}: SQLite says: {line}')
        return {bytes(k): bytes(v) for k, v in base.execute('SELECT key, value FROM pairs ORDER BY key')}, []
    except sqlite3.DatabaseError as e:
        raise Malformed(f'{path}: SQLite says: {e}') from e
    finally:
        base.close()


def ldb(path, *command):
    program = shutil.which('ldb')
    if not program:
        raise Malformed('reading RocksDB needs `ldb`, of Debian\'s rocksdb-tools; or give its output as lines:FILE')
    done = subprocess.run([program, f'--db={path}', '--hex', *command], capture_output=True, text=True, check=False)
    if done.returncode != 0 or 'Failed' in done.stderr:
        raise Malformed(f'{path}: ldb says: {(done.stderr or done.stdout).strip()[:400]}')
    return done.stdout


def rocksdb_pairs(path):
    return parse_lines(ldb(path, 'scan'), path), []


def lines_pairs(path):
    return parse_lines(pathlib.Path(path).read_text(encoding='ascii'), path), []


def parse_lines(text, path):
    """Parses the output of `ldb --hex scan` and `ldb --hex dump`: 0xKEY : 0xVALUE, or ==> between them."""
    pairs = {}
    for n, line in enumerate(text.splitlines(), 1):
        found = re.fullmatch(r'0x([0-9A-Fa-f]*) (?::|==>) 0x([0-9A-Fa-f]*)\s*', line)
        if found:
            pairs[bytes.fromhex(found[1])] = bytes.fromhex(found[2])
        elif line.startswith('0x'):
            raise Malformed(f'{path}: line {n} is not "0xKEY : 0xVALUE"')
    return pairs


# ---- LMDB, and the log before it
def lmdb_module():
    try:
        import lmdb  # here: reading another store doesn't need it
    except ImportError:
        raise Malformed('reading LMDB needs the Python module lmdb (Debian: python3-lmdb)') from None
    return lmdb


def lmdb_pairs(path):
    lmdb = lmdb_module()
    if pathlib.Path(path).stat().st_size == 0:  # its making was cut short
        return {}, []
    try:
        with lmdb.open(path, subdir=False, readonly=True, lock=False, max_dbs=0) as env, env.begin() as txn:
            pairs = {bytes(k): bytes(v) for k, v in txn.cursor()}
    except lmdb.Error as e:
        raise Malformed(f'{path}: LMDB says: {e}') from e
    log = needed_log(path, pairs.pop(LOG_KEY, None))
    return replay(*log, pairs) if log else (pairs, [])


def needed_log(path, mark):
    """Returns (log, its id, the last commit that LMDB has taken), or None if there is nothing in the log that LMDB lacks."""
    if mark is None:
        return None
    mark = bytes(mark)
    if len(mark) not in (32, 36):
        raise Malformed(f'{path}: the note about the log has {len(mark)} bytes instead of 36, or of 32 in version 1')
    version, needed, log_id, taken = struct.unpack_from('<4Q', mark)
    if version != (1 if len(mark) == 32 else 2):
        raise Malformed(f'{path}: the note about the log has version {version} and {len(mark)} bytes; this reader knows 1 and 2')
    if version == 2 and crc32c(mark[:32]) != struct.unpack_from('<I', mark, 32)[0]:
        raise Malformed(f'{path}: the checksum of the note about the log is wrong')
    if not needed:
        return None
    log = pathlib.Path(path + '-log')
    if not log.exists():
        raise Malformed(f'{path}: its log {log} is missing, and holds its latest commits')
    return log, log_id, taken


def replay(log, log_id, taken, pairs):
    data = log.read_bytes()
    crc, form, magic, its_id = struct.unpack_from('<II8sQ', data.ljust(24, b'\0'))
    if magic != LOG_MAGIC or crc32c(data[4:24]) != crc:
        raise Malformed(f'{log}: its header is damaged')
    if form != 1:
        raise Malformed(f'{log}: it has format {form}; this reader knows 1')
    if its_id != log_id:
        raise Malformed(f'{log}: it is another store\'s: id {its_id:#x} instead of {log_id:#x}')
    at, number, owners = FIRST_RECORD, taken + 1, []
    while (record := whole_record(data, at, log_id)) and record[0] == number:
        apply(record[2], pairs, log, number, owners)
        at += (record[3] + STEP - 1) // STEP * STEP
        number += 1
    for behind in range(at, len(data), STEP):
        if (record := whole_record(data, behind, log_id)) and record[1] > number - 1:
            raise Malformed(f'{log}: commit {number} at offset {at} is damaged, and was durable: '
                            f'the one at offset {behind} knew of {record[1]}')
    return pairs, owners


def whole_record(data, at, log_id):
    """Returns (number, flushed, operations, bytes), or None if no whole record is there."""
    if data[at + 4:at + 8] != RECORD_MAGIC or at + 40 > len(data):
        return None
    crc, _, length, _, number, flushed, its_id = struct.unpack_from('<I4sIIQQQ', data, at)
    end = at + 40 + length
    if its_id != log_id or end > len(data) or crc32c(data[at + 4:end]) != crc:
        return None
    return number, flushed, data[at + 40:end], 40 + length


def erase_range(pairs, first, end):
    if isinstance(pairs, Overlay):
        pairs.erase_range(first, end)
        return
    for k in [k for k in pairs if first <= k < end]:
        del pairs[k]


def apply(operations, pairs, log, number, owners):
    at = 0
    while at < len(operations):
        try:
            what, key_bytes, value_bytes = struct.unpack_from('<BII', operations, at)
        except struct.error:
            raise Malformed(f'{log}: commit {number} ends within an operation') from None
        at += 9
        key, value = operations[at:at + key_bytes], operations[at + key_bytes:at + key_bytes + value_bytes]
        at += key_bytes + value_bytes
        if at > len(operations):
            raise Malformed(f'{log}: commit {number} ends within an operation')
        if what == 1:
            pairs[key] = value
            if key == b'\0o':
                owners.append(value)
        elif what == 2:
            pairs.pop(key, None)
        elif what == 3:
            erase_range(pairs, key, value)
        else:
            raise Malformed(f'{log}: commit {number} has an operation of kind {what}')
