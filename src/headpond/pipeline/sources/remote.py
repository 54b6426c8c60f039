"""Files that lie elsewhere: whatever fsspec has a file system for (`s3://`, `gs://`, `https://`, `memory://`, ...)."""

from __future__ import annotations

import io
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from headpond.errors import InputError, MissingExtraError
from headpond.pipeline.sources.file import File

_BLOCK = 1 << 20
_PASSING = ("ETag", "etag", "LastModified", "mtime", "last_modified", "updated", "created")
"""What file systems call the mark of a version."""


def remote_files(url: str) -> list[File]:
    """The files behind a URL, which may hold `*`.

    Raises:
        InputError: there is no such file, it is a folder, or the file system cannot be reached.
        MissingExtraError: fsspec, or what it needs for this kind of URL, is not installed.
    """
    try:
        import fsspec
    except ImportError:
        raise MissingExtraError(f"reading {shown_url(url)}", "remote", "fsspec") from None
    where = shown_url(url)
    try:
        system, path = fsspec.core.url_to_fs(url)
        # In an address of the web `?` begins the query.
        globbed = "*" in path or ("?" in path and not url.startswith(("http:", "https:")))
        paths = sorted(system.glob(path)) if globbed else [path]
        files: list[File] = [
            RemoteFile(system, one, where if len(paths) == 1 else _named(system, one)) for one in paths
        ]
    except ImportError as error:
        if url.startswith(("http:", "https:")):
            raise MissingExtraError(f"reading {where}", "remote", "aiohttp") from None
        raise InputError(f"cannot be read: {error}", where=where, hint="pip install what the message names") from None
    except ValueError as error:
        raise InputError(f"is not something that can be read: {error}", where=where) from None
    except InputError:
        raise
    except FileNotFoundError as error:
        # A web server that cannot be reached is told as a file that is not there; what happened is its cause.
        cause = error.__cause__
        if cause is not None and getattr(cause, "status", None) is None:
            raise InputError(f"cannot be read: {_said(cause, url)}", where=where) from None
        raise InputError("there is no such file", where=where) from None
    except Exception as error:  # each file system has errors of its own
        raise InputError(f"cannot be read: {_said(error, url)}", where=where) from None
    if not files:
        raise InputError("no file matches", where=where)
    return files


class RemoteFile(File):
    """A file of a file system.

    Args:
        system: of fsspec.
        path: in it.
        name: shown in messages.

    Raises:
        InputError: it is a folder.
    """

    def __init__(self, system: Any, path: str, name: str) -> None:
        self._system = system
        self._place = path
        self.name = name
        self.path = PurePosixPath(urlsplit(path).path if "://" in path else path)
        self._info = system.info(path)
        if self._info.get("type") == "directory":
            raise InputError("is a folder, not a file", where=name, hint=f"give its files: {name}/*.jsonl")
        self.size = self._info.get("size")

    def open(self) -> BinaryIO:
        """The bytes; reading that fails raises OSError, whatever the file system has."""
        try:
            file = self._system.open(self._place, "rb")
        except OSError:
            raise
        except Exception as error:
            raise OSError(_said(error, self._place)) from None
        return io.BufferedReader(_Guarded(file, self._place), _BLOCK)

    def identity(self) -> dict[str, Any] | None:
        """As for other files; where a place in the middle cannot be read, what the server says of its version."""
        known = super().identity()
        marks = {name: str(self._info[name]) for name in _PASSING if self._info.get(name)}
        if known is None and self.size and marks:
            return {"name": self.path.name, "size": self.size, "version": marks}
        return known


class _Guarded(io.RawIOBase):
    """A file whose errors are all OSErrors, with a position of its own: some file systems give one file to all."""

    def __init__(self, file: Any, place: str) -> None:
        self._file = file
        self._place = place
        try:  # a web server without ranges gives a file that says it can jump, and cannot
            file.seek(0, io.SEEK_END)
            file.seek(0)
            self._jumps = True
        except (OSError, ValueError):
            self._jumps = False
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._jumps

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == io.SEEK_CUR:
            offset, whence = self._at + offset, io.SEEK_SET
        self._at = int(self._file.seek(offset, whence))
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        try:
            if self._jumps and self._file.tell() != self._at:
                self._file.seek(self._at)
            read = cast(bytes, self._file.read(len(buffer)))
        except OSError:
            raise
        except Exception as error:  # aiohttp's and the clouds' clients' errors have no common base
            raise OSError(_said(error, self._place)) from None
        buffer[: len(read)] = read
        self._at += len(read)
        return len(read)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def shown_url(url: str) -> str:
    """A URL without what may be secret: user, password, query (signatures stand there) and fragment."""
    scheme, separator, rest = url.partition("#")[0].partition("?")[0].partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def _named(system: Any, path: str) -> str:
    return shown_url(str(system.unstrip_protocol(path)))


def _said(error: BaseException, url: str) -> str:
    """What an error says, without the URL, which may hold a signature."""
    text = str(error) or type(error).__name__
    return text.replace(url, shown_url(url)) if "?" in url or "@" in url else text
