"""CRC-32C (Castagnoli): the checksum that Secret Manager keeps of a value. Pure.

In Python itself, because a value has at most 64 KiB, and a compiled module would be one more thing to install
and to load. Source: RFC 3720, appendix B.4 (polynomial and test vectors, checked 2026-11-21).
"""

from __future__ import annotations

_POLYNOMIAL = 0x82F63B78  # 0x1EDC6F41 with its bits in the order in which they are sent
_ALL_BITS = 0xFFFFFFFF
_table: list[int] = []


def crc32c(content: bytes) -> int:
    """The checksum of `content`."""
    if not _table:
        _table.extend(map(_entry, range(256)))
    table, checksum = _table, _ALL_BITS
    for byte in content:
        checksum = table[(checksum ^ byte) & 0xFF] ^ (checksum >> 8)
    return checksum ^ _ALL_BITS


def _entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
    return value
