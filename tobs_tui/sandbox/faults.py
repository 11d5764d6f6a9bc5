"""Faults on demand: rules that make the sandbox fail as Telegram does, for tests of what a client makes of it."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to some requests before their handler is asked.

    `method` is a TL name such as ``messages.getHistory``; None is every method. `after` matching requests are served
    first, then `times` are hit. A hit waits `delay_s` seconds longer for its answer; with `disconnect` the connection
    is cut instead of answering; with `error` (say ``FLOOD_WAIT_23``) and `code` an rpc_error is the answer. `dc` limits
    the rule to one data centre.
    """

    method: str | None = None
    times: int = 1
    after: int = 0
    code: int = 420
    error: str | None = None
    disconnect: bool = False
    delay_s: float = 0.0
    dc: int | None = None


class _Rule:
    """A fault and how often it still has to pass or hit."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.to_pass = fault.after
        self.to_hit = fault.times


class Faults:
    """The rules in force, oldest first; a request is hit by the first that matches."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, fault: Fault) -> None:
        """Put one more rule in force."""
        self._rules.append(_Rule(fault))

    def clear(self) -> None:
        """Drop all rules."""
        self._rules.clear()

    def take(self, method: str, dc: int) -> Fault | None:
        """The fault that hits this request, if any. Rules that have done their work disappear."""
        for rule in self._rules:
            fault = rule.fault
            if fault.method not in (None, method) or fault.dc not in (None, dc):
                continue
            if rule.to_pass > 0:
                rule.to_pass -= 1
                continue
            rule.to_hit -= 1
            if rule.to_hit <= 0:
                self._rules.remove(rule)
            return fault
        return None
