"""Payloads as text: CBOR (RFC 8949), decoded; sealed ones by the name of what sealed them."""
import json
import math
import struct

from .decode import Malformed, Source

SEALED = 0xff
BYTES_SHOWN = 2000  # of one payload


def length(s, low):
    """Returns the number in an item's head; None if the item's end is marked instead."""
    if low < 24:
        return low
    if low < 28:
        return int.from_bytes(s.take(1 << (low - 24)), 'big')
    if low == 31:
        return None
    raise Malformed(f'a CBOR item has the length {low}')


def is_break(s):
    if s.left() and s.data[s.at] == 0xff:
        s.at += 1
        return True
    return False


def items(s, count, depth):
    while not is_break(s) if count is None else count > 0:
        yield item(s, depth)
        if count is not None:
            count -= 1


def half(bits):
    sign, exponent, fraction = -1 if bits >> 15 else 1, bits >> 10 & 31, bits & 1023
    if exponent == 31:
        return sign * (math.inf if fraction == 0 else math.nan)
    return sign * (math.ldexp(fraction, -24) if exponent == 0 else math.ldexp(fraction + 1024, exponent - 25))


def special(s, low):
    if low in (20, 21):
        return 'true' if low == 21 else 'false'
    if low in (22, 23):
        return 'null'
    if low == 25:
        return repr(half(int.from_bytes(s.take(2), 'big')))
    if low in (26, 27):
        return repr(struct.unpack('>f' if low == 26 else '>d', s.take(4 if low == 26 else 8))[0])
    return f'simple({length(s, low)})'


def item(s, depth=0):
    """Returns the next item as text."""
    if depth > 200:
        raise Malformed('a payload is nested more than 200 deep')
    head = s.u8()
    major, low = head >> 5, head & 31
    if major == 7:
        return special(s, low)
    n = length(s, low)
    if n is None and major not in (2, 3, 4, 5):
        raise Malformed('a CBOR number has no end')
    if major == 0:
        return str(n)
    if major == 1:
        return str(-1 - n)
    if major in (2, 3):
        if n is None:
            return '(' + ' '.join(items(s, None, depth + 1)) + ')'
        data = s.take(n)
        return json.dumps(data.decode('utf-8', 'backslashreplace'), ensure_ascii=False) if major == 3 else f"h'{data.hex()}'"
    if major == 4:
        return '[' + ', '.join(items(s, n, depth + 1)) + ']'
    if major == 5:
        flat = list(items(s, None if n is None else 2 * n, depth + 1))
        return '{' + ', '.join(f'{k}: {v}' for k, v in zip(flat[::2], flat[1::2])) + '}'
    return f'{n}({item(s, depth + 1)})'


def one_line(text):
    """Returns `text` without characters that turn or end a line: a payload may hold any."""
    safe = ''.join(c if c.isprintable() else c.encode('unicode_escape').decode() for c in text)
    return safe if len(safe) <= BYTES_SHOWN else f'{safe[:BYTES_SHOWN]}… ({len(safe)} characters)'


def sealed(data):
    """Returns what is said of a field that begins with ff; None if it is in plain form."""
    if data[:1] != bytes([SEALED]):
        return None
    s = Source(data[1:])
    transform = s.text()
    return data[1 + s.at:] if not transform else f'<sealed by {transform.decode("utf-8", "backslashreplace")}, {s.left()} bytes>'


def shown(payload):
    """Returns a payload as one line: decoded; in hexadecimal if it is no CBOR; by its transform if it is sealed."""
    try:
        seal = sealed(payload)
        if isinstance(seal, str):
            return one_line(seal)
        s = Source(payload if seal is None else seal)
        if not s.left():
            return 'nothing'
        text = item(s)
        s.done()
        return one_line(text)
    except Malformed as e:
        return f'<no CBOR ({e}): {payload[:100].hex()}>'


def text(data):
    """Returns a text of a record as one line, quoted."""
    try:
        seal = sealed(data)
    except Malformed:
        seal = None
    if isinstance(seal, str):
        return one_line(seal)
    return one_line(json.dumps((data if seal is None else seal).decode('utf-8', 'backslashreplace'), ensure_ascii=False))
