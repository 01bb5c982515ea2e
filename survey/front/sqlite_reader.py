"""Questions to SQLite while the interpreter's lock is kept.

Python's driver lets go of the lock four times for each question, in case it takes long. One by its key takes some
microseconds, and with every release the event loop may wait until a thread that writes gives the lock back. So the same
library is called without (`ctypes.PyDLL`), for reading alone. Whoever writes uses the driver.
"""

import ctypes
import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

_DONE, _ROW, _READ_AND_WRITE, _KEEP_PREPARED = 101, 100, 2, 1
_TEXT, _HANDLE, _NUMBER = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "sqlite3_open_v2": (_NUMBER, [_TEXT, ctypes.POINTER(_HANDLE), _NUMBER, _TEXT]),
    "sqlite3_close_v2": (_NUMBER, [_HANDLE]),
    "sqlite3_exec": (_NUMBER, [_HANDLE, _TEXT, _HANDLE, _HANDLE, _HANDLE]),
    "sqlite3_errmsg": (_TEXT, [_HANDLE]),
    "sqlite3_prepare_v3": (_NUMBER, [_HANDLE, _TEXT, _NUMBER, ctypes.c_uint, ctypes.POINTER(_HANDLE), _HANDLE]),
    "sqlite3_bind_text": (_NUMBER, [_HANDLE, _NUMBER, _TEXT, _NUMBER, _HANDLE]),
    "sqlite3_step": (_NUMBER, [_HANDLE]),
    "sqlite3_column_text": (_TEXT, [_HANDLE, _NUMBER]),
    "sqlite3_reset": (_NUMBER, [_HANDLE]),
    "sqlite3_finalize": (_NUMBER, [_HANDLE]),
    "sqlite3_libversion": (_TEXT, []),
}


@lru_cache(maxsize=1)
def library() -> Any:
    """The very library that Python's driver uses; None where it cannot be reached (built in, or on Windows).

    Never another copy: two in one process would take each other's locks on the file away.
    """
    try:
        import _sqlite3

        found = ctypes.PyDLL(_sqlite3.__file__)
        for name, (answer, given) in _FUNCTIONS.items():
            function = getattr(found, name)
            function.restype, function.argtypes = answer, given
        return found if found.sqlite3_libversion().decode() == sqlite3.sqlite_version else None
    except (ImportError, AttributeError, OSError):
        return None


class Connection:
    """A connection to a file, for reading. A file that is locked is an error at once: the lock is not waited for while
    the interpreter's is held.
    """

    def __init__(self, path: str) -> None:
        self._library = library()
        self._handle = _HANDLE()
        self._prepared: dict[str, Any] = {}
        self._check(self._library.sqlite3_open_v2(path.encode(), ctypes.byref(self._handle), _READ_AND_WRITE, None), 0)
        self._check(self._library.sqlite3_exec(self._handle, b"PRAGMA query_only=ON", None, None, None), 0)

    def asking(self) -> Callable[[str, str], Sequence[str]]:
        """A function that takes a statement and its one value, and gives the one column of each row."""
        bind, step = self._library.sqlite3_bind_text, self._library.sqlite3_step
        column, reset = self._library.sqlite3_column_text, self._library.sqlite3_reset
        prepared = self._prepared

        def ask(statement: str, value: str) -> Sequence[str]:
            known = prepared.get(statement) or self._prepare(statement)
            given, found = value.encode(), list[str]()
            self._check(bind(known, 1, given, len(given), None), 0)
            while (result := step(known)) == _ROW:
                found.append(column(known, 0).decode())
            reset(known)
            self._check(result, _DONE)
            return found

        return ask

    def close(self) -> None:
        """Close it, and what it prepared with it; a later question is an error."""
        while self._prepared:
            self._library.sqlite3_finalize(self._prepared.popitem()[1])
        self._library.sqlite3_close_v2(self._handle)
        self._handle = _HANDLE()

    def _prepare(self, statement: str) -> Any:
        text, made = statement.encode(), _HANDLE()
        self._check(
            self._library.sqlite3_prepare_v3(self._handle, text, len(text), _KEEP_PREPARED, ctypes.byref(made), None), 0
        )
        self._prepared[statement] = made
        return made

    def _check(self, result: int, wanted: int) -> None:
        if result != wanted:
            raise sqlite3.OperationalError(self._library.sqlite3_errmsg(self._handle).decode())
