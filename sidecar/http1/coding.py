"""Compressed bodies (RFC 9110, section 8.4.1) decoded piece by piece, so that a bomb makes no more than is read."""

from __future__ import annotations

import sys
import zlib
from importlib import import_module
from typing import Protocol

from aiohttp import compression_utils

from sidecar.http1.failures import Undecodable

#: What a body says that it is → its coding (RFC 9110, section 8.4.1).
CODINGS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate", "br": "br", "zstd": "zstd"}
MOST = 256 * 1024  # bytes that one step makes, however well they were packed


class _Decompressor(Protocol):
    @property
    def data_available(self) -> bool: ...

    def decompress_sync(self, data: bytes, max_length: int) -> bytes: ...


class Decoder:
    """Decodes one body. For `br`, and for `zstd` before Python 3.14, there must be a library that is not ours.

    Raises:
        Undecodable: it is missing.
    """

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._decompressor = _decompressor(coding)
        self._errors = _errors(coding)
        self._started = False

    @property
    def has_more(self) -> bool:
        """Whether `decode(b"")` may make more of what it was given already."""
        return self._started and self._decompressor.data_available

    def decode(self, data: bytes) -> bytes:
        """What the next bytes make, or the first of it; may be nothing.

        Raises:
            Undecodable: they are not in this coding.
        """
        if not self._started:
            self._started = True
            if self._coding == "deflate" and data[0] & 0xF != zlib.DEFLATED:  # bare, without zlib's head (RFC 1950)
                self._decompressor = compression_utils.ZLibDecompressor("deflate", suppress_deflate_header=True)
        try:
            return self._decompressor.decompress_sync(data, max_length=MOST)
        except self._errors as error:
            raise Undecodable(self._coding) from error

    def finish(self) -> None:
        """The body has ended.

        Raises:
            Undecodable: in its midst.
        """
        decompressor = self._decompressor
        if self._started and self._coding == "deflate" and not getattr(decompressor, "eof", True):
            raise Undecodable(self._coding)


def _decompressor(coding: str) -> _Decompressor:
    try:
        if coding == "br":
            return compression_utils.BrotliDecompressor()
        if coding == "zstd":
            return compression_utils.ZSTDDecompressor()
    except RuntimeError as error:
        raise Undecodable(coding) from error
    return compression_utils.ZLibDecompressor(coding)


def _errors(coding: str) -> tuple[type[Exception], ...]:
    """What the coding's library raises; ValueError: more members in a row than anyone means."""
    if coding == "br":
        return (vars(compression_utils)["brotli"].error,)
    if coding == "zstd":
        found = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
        return (found.ZstdError, ValueError, EOFError)
    return (zlib.error, ValueError)
