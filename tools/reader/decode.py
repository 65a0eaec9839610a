"""The bytes of docs/format.md: numbers, keys, marks, blocks, records, chunks, snapshots, attributes."""
import dataclasses
import struct

from .kinds import KINDS, OPTIONAL


class Malformed(Exception):
    """Bytes that don't follow the document. The text says what is wrong, and where."""


def _table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82f63b78 if n & 1 else 0)
        table.append(n)
    return table


_CRC = _table()


def crc32c(data):
    crc, table = 0xffffffff, _CRC
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


class Source:
    """Takes the fields of a text, one after another."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, n):
        if n > self.left():
            raise Malformed(f'it ends within a field: {n} bytes expected, {self.left()} left')
        self.at += n
        return self.data[self.at - n:self.at]

    def u8(self):
        return self.take(1)[0]

    def be32(self):
        return int.from_bytes(self.take(4), 'big')

    def be64(self):
        return int.from_bytes(self.take(8), 'big')

    def varint(self):
        value = 0
        for i in range(10):
            byte = self.u8()
            value |= (byte & 0x7f) << 7 * i
            if byte < 0x80:
                if value >= 1 << 64:
                    break
                return value
        raise Malformed('a varint has more than 64 bits')

    def v32(self):
        value = self.varint()
        if value >= 1 << 32:
            raise Malformed(f'the number {value} has more than 32 bits')
        return value

    def signed(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def text(self):
        return self.take(self.varint())

    def esc(self):
        """A text of a key."""
        out = bytearray()
        while True:
            byte = self.u8()
            if byte:
                out.append(byte)
                continue
            end = self.u8()
            if end == 1:
                return bytes(out)
            if end != 0xff:
                raise Malformed(f'a text of a key has 00 {end:02x}')
            out.append(0)

    def time_of_key(self):
        return self.be64() - (1 << 63)

    def done(self):
        if self.left():
            raise Malformed(f'{self.left()} bytes are left over')


def esc(text):
    return text.replace(b'\0', b'\0\xff') + b'\0\1'


def be64(n):
    return n.to_bytes(8, 'big')


def ordered(signed):
    """A signed number as keys have it."""
    return be64(signed + (1 << 63))


# ---- marks
@dataclasses.dataclass
class Marks:
    epoch: int
    first_block: int
    next_lsn: int
    next_run: int
    time: int
    clean: int


def marks(data):
    if (version := Source(data).u8()) not in (1, 2):
        raise Malformed(f'it has version {version}; this reader knows 1 and 2')
    if version == 2:  # 1 had no checksum
        if crc32c(data[:-4]) != int.from_bytes(data[-4:], 'big'):
            raise Malformed('its checksum is wrong')
        data = data[:-4]
    s = Source(data[1:])
    m = Marks(s.varint(), s.varint(), s.varint(), s.varint(), s.signed(), s.u8())
    if m.clean > 1:
        raise Malformed(f'"clean" is {m.clean}')
    s.done()
    return m


# ---- counters
def count(key, value):
    """A counter. An older build wrote the number alone, of at most five bytes."""
    s = Source(value)
    if len(value) > 5:
        kind, crc = s.u8(), s.be32()
        if kind != 0 or crc32c(key + value[5:]) != crc:
            raise Malformed('its checksum is wrong')
    n = s.varint()
    s.done()
    return n


# ---- the clock
def clock(data):
    """Returns the parts: [(first LSN, first run, shift in ms, wrong)]."""
    if len(data) < 4 or crc32c(data[:-4]) != int.from_bytes(data[-4:], 'big'):
        raise Malformed('its checksum is wrong')
    s = Source(data[:-4])
    if (version := s.u8()) != 1:
        raise Malformed(f'it has version {version}; this reader knows 1')
    s.signed(), s.varint(), s.signed()
    parts = [(s.varint(), s.varint(), s.signed(), s.u8()) for _ in range(s.varint())]
    if s.left() and s.signed() <= 0:
        raise Malformed('the wall clock is behind by nothing, which is not written')
    s.done()
    if not parts or parts[0][:2] != (0, 0) or any(b[0] < a[0] or b[1] < a[1] for a, b in zip(parts, parts[1:])):
        raise Malformed('its parts are in disorder')
    return parts


# ---- records
FIELDS = ['command', 'time', 'related', 'number', 'attempt', 'line', 'code', 'seed', 'secret', 'start', 'name', 'target', 'payload',
          'error', 'late']
START = ['first', 'previous', 'begins_at', 'run_timeout', 'deadline', 'payload_max', 'namespace', 'attributes', 'memo', 'details',
         'version']


def path(data):
    s, steps = Source(data), []
    while s.left():
        steps.append((s.u8(), s.v32(), s.text()))
    return steps


def field(s, name):
    if name in ('seed', 'secret'):
        return s.be64(), s.be64()
    if name == 'start':
        start = dict(zip(START, [s.varint(), s.varint(), s.signed(), s.signed(), s.signed(), s.v32(), s.text(), s.text(), s.text(), s.text(),
                                 s.text()]))
        attributes(start['attributes'])
        return start
    if name == 'error':
        return s.text(), s.text(), path(s.text())
    take = {'time': s.signed, 'number': s.signed, 'late': s.signed, 'related': s.varint, 'command': s.v32, 'attempt': s.v32, 'line': s.v32,
            'code': s.u8}
    return take.get(name, s.text)()


class Record:
    """A record: its kind, flags, run, and the fields of the kind."""

    def __init__(self, data):
        s = Source(data)
        self.kind, self.flags, self.run = s.u8(), s.u8(), s.varint()
        if self.kind not in KINDS:
            raise Malformed(f'a record has the unknown kind {self.kind}')
        self.word, names = KINDS[self.kind]
        for (kind, flag), field_name in OPTIONAL.items():
            if self.kind == kind and self.flags & flag:
                names += ' ' + field_name
        self.fields = {name: field(s, name) for name in sorted(names.split(), key=FIELDS.index)}
        s.done()

    def __getattr__(self, name):
        if name in self.__dict__.get('fields', ()):
            return self.fields[name]
        raise AttributeError(name)

    def is_event(self):
        return self.kind < 16

    def is_command(self):
        return 16 <= self.kind < 32

    def is_end(self):
        return self.kind in (9, 24, 25, 26, 27)


def records(data):
    s = Source(data)
    while s.left():
        yield Record(s.text())


def run_of(record):
    """Returns the kind and the run of a record that isn't decoded."""
    s = Source(record)
    kind, _ = s.u8(), s.u8()
    return kind, s.varint()


# ---- blocks and chunks
def records_of(data, wants):
    """Yields (LSN, record) of a block, for the records for which wants(kind, run) holds when they come up. Nothing else of the block is checked."""
    s, lsn = Source(data), int.from_bytes(data[16:24], 'big')
    s.take(40)
    while s.left():
        raw = s.text()
        if wants(*run_of(raw)):
            yield lsn, Record(raw)
        lsn += 1


def block(data, number):
    """(first LSN, time, [records])"""
    if len(data) < 40:
        raise Malformed(f'it has {len(data)} bytes, and a header alone has 40')
    magic, count, own, first_lsn, time, length, crc = struct.unpack('>4sIQQqII', data[:40])
    if magic != b'StB1':
        raise Malformed('it does not begin with "StB1"')
    if length != len(data):
        raise Malformed(f'it has {len(data)} bytes and says {length}')
    if crc32c(data[:36] + b'\0\0\0\0' + data[40:]) != crc:
        raise Malformed('its checksum is wrong')
    if own != number:
        raise Malformed(f'it says that it is block {own}')
    found = list(records(data[40:]))
    if len(found) != count:
        raise Malformed(f'it has {len(found)} records and says {count}')
    return first_lsn, time, found


def chunk(data):
    s = Source(data)
    crc = s.be32()
    if crc32c(data[4:]) != crc:
        raise Malformed('its checksum is wrong')
    return list(records(data[4:]))


def aside(data):
    """[(LSN, record)]"""
    s = Source(data)
    if crc32c(data[4:]) != s.be32():
        raise Malformed('their checksum is wrong')
    found = []
    while s.left():
        lsn = s.varint()
        found.append((lsn, Record(s.text())))
    if not found:
        raise Malformed('there are none')
    return found


def debts(data):
    """Returns [(kind, first, reason)]: the debts to a run whose snapshot couldn't be read."""
    s, found = Source(data), []
    if crc32c(data[4:]) ^ 0xffffffff != s.be32():
        raise Malformed('the checksum of what it is owed is wrong')
    while s.left():
        found.append((s.u8(), s.varint(), s.text()))
        if found[-1][0] not in (1, 2, 3):
            raise Malformed(f'what it is owed has the kind {found[-1][0]}')
    if not found:
        raise Malformed('it is owed nothing')
    return found


# ---- attributes
def attributes(data, change=False):
    """Returns [(name, type, value)]. In a `change`, type 0 removes the attribute."""
    s, found = Source(data), []
    while s.left():
        name, kind = s.text(), s.u8()
        if found and name <= found[-1][0]:
            raise Malformed(f'the attribute {name!r} is out of order')
        if kind == 0 and change:
            value = None
        elif kind == 6:
            value = [s.text() for _ in range(s.varint())]
        elif kind in (1, 2, 3, 4, 5):
            value = {1: s.u8, 2: s.signed, 3: s.be64, 4: s.signed, 5: s.text}[kind]()
        else:
            raise Malformed(f'the attribute {name!r} has the type {kind}')
        found.append((name, kind, value))
    return found


def fnv1a(data):
    h = 0xcbf29ce484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return h


def index_values(kind, value):
    """Returns the bytes in the keys of an index for a value."""
    if kind == 6:
        return [v for text in value for v in index_values(5, text)]
    if kind == 5:
        head = value[:64].replace(b'\0', b'\0\xff')
        return [b'\5' + head + (b'\0\1' if len(value) <= 64 else b'\0\2' + be64(fnv1a(value)))]
    if kind == 3:
        return [b'\3' + be64(value ^ ((1 << 64) - 1 if value >> 63 else 1 << 63))]
    return [bytes([kind]) + (bytes([value]) if kind == 1 else ordered(value))]


# ---- snapshots
PENDING_KINDS = ['step', 'sleep', 'child', 'condition', 'promise', 'message']
STATUS = {0: 'running', 1: 'completed', 2: 'failed', 3: 'cancelled', 4: 'terminated', 6: 'timed out', 7: 'continued'}
NO_WAKE = (1 << 63) - 1


class Snapshot:
    """A run's state, as its snapshot has it."""

    def __init__(self, data):
        if len(data) < 5 or crc32c(data[:-4]) != int.from_bytes(data[-4:], 'big'):
            raise Malformed('its checksum is wrong')
        s = Source(data[:-4])
        if (version := s.u8()) != 1:
            raise Malformed(f'it has version {version}; this reader knows 1')
        self.run = s.varint()
        self.namespace, self.id, self.workflow, self.version = s.text() or b'default', s.text(), s.text(), s.text()
        self.seed = s.be64(), s.be64()
        self.started, self.now, self.engine_time = s.signed(), s.signed(), s.signed()
        self.parent, self.parent_command = s.varint(), s.v32()
        self.first, self.previous, self.next = s.varint(), s.varint(), s.varint()
        self.begins_at, self.run_timeout, self.deadline, self.chain_deadline = (s.signed() for _ in range(4))
        self.unread, self.open_updates = s.v32(), s.v32()
        self.status, flags = s.u8(), s.u8()
        if self.status not in STATUS or flags > 31:
            raise Malformed(f'it has status {self.status} and flags {flags}')
        self.stalled, self.cancelling = bool(flags & 1), bool(flags & 2)
        self.records, self.undriven, self.crashes = s.varint(), s.v32(), s.v32()
        self.applied_lsn, self.indexed_wake = s.varint(), s.signed()
        self.pending = {}
        for _ in range(s.varint()):
            p = Pending(s)
            if self.pending and p.command <= max(self.pending):
                raise Malformed(f'command {p.command} is out of order')
            self.pending[p.command] = p
        self.outcome = s.text()
        self.error = (s.u8(), s.text(), s.text(), s.text(), s.v32(), path(s.text())) if flags & 4 else None
        self.attributes, self.memo, self.details = [], b'', b''
        if flags & 8:
            self.attributes, self.memo, self.details = attributes(s.text()), s.text(), s.text()
        self.secret = (s.be64(), s.be64()) if flags & 16 else None
        s.done()


class Pending:
    """A command for which a run waits."""

    def __init__(self, s):
        self.command, kind, self.phase, self.flags = s.v32(), s.u8(), s.u8(), s.u8()
        if kind >= len(PENDING_KINDS) or self.phase > 3:
            raise Malformed(f'command {self.command} has kind {kind} and phase {self.phase}')
        self.kind = PENDING_KINDS[kind]
        self.attempt, self.failures, self.crashes = s.v32(), s.v32(), s.v32()
        self.armed, self.due, self.due_since = s.signed(), s.signed(), s.signed()
        self.lsn, self.child = s.varint(), s.varint()
        self.name, self.target, self.last_error, self.progress = s.text(), s.text(), s.text(), s.text()
