"""Rules of addresses that cost nothing until an address is built from them."""

from collections.abc import Callable
from functools import cache
from typing import Any

from typing_extensions import override
from werkzeug.routing import Rule


class LazyRule(Rule):
    """A rule that compiles how its address is built when the first one is built.

    Werkzeug generates two functions for each rule at once. For some two hundred rules that is a fifth of a second of
    every command, and a process builds few addresses, many none at all.
    """

    @override
    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_now = super()._compile_builder

        @cache
        def builder() -> Callable[..., tuple[str, str]]:
            return compile_now(append_unknown)

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            return builder()(rule, **values)

        return build
