"""What a key exchange may ask of this machine: anybody on the way can answer its first request."""

from __future__ import annotations

from math import gcd

from telethon.errors import SecurityError
from telethon.network import authenticator

_TRIES = 3
_DOUBLINGS = 18
"""Two primes of 32 bits are found in some ten thousand steps; what isn't in a million is no product of such."""
_AT_ONCE = 64


class Factors:
    """Stands for Telethon's `Factorization`, which looks on for ever where there is nothing to be found."""

    @classmethod
    def factorize(cls, pq: int) -> tuple[int, int]:
        """The two factors, the smaller one first. Raises SecurityError for what no server of Telegram's asks.

        https://core.telegram.org/mtproto/auth_key: a natural number of at most 63 bits, the product of two primes.
        """
        if not 3 < pq < 1 << 63:
            raise SecurityError("the server asks for a number that is too large to be taken apart")
        if pq % 2 == 0:
            return 2, pq // 2
        for addend in range(1, _TRIES + 1):
            found = _divisor(pq, addend)
            if 1 < found < pq:
                return min(found, pq // found), max(found, pq // found)
        raise SecurityError("the server asks for a number that cannot be taken apart")


def _divisor(number: int, addend: int) -> int:
    """A divisor by Brent's variant of Pollard's rho (https://doi.org/10.1007/BF01933190), or `number` itself."""
    here = 2
    for doubling in range(_DOUBLINGS):
        anchor, left = here, 1 << doubling
        while left:
            start, product = here, 1
            for _ in range(min(left, _AT_ONCE)):
                here = (here * here + addend) % number
                product = product * abs(anchor - here) % number
            left -= min(left, _AT_ONCE)
            found = gcd(product, number)
            if found > 1:
                return found if found < number else _step_by_step(number, addend, anchor, start)
    return number


def _step_by_step(number: int, addend: int, anchor: int, here: int) -> int:
    """The first divisor among steps of which it is known that some have one."""
    for _ in range(_AT_ONCE):
        here = (here * here + addend) % number
        found = gcd(abs(anchor - here), number)
        if found > 1:
            return found
    return number


def bound_handshake() -> None:
    """Have Telethon's key exchange take apart what can be, and refuse the rest. May be repeated."""
    authenticator.Factorization = Factors
