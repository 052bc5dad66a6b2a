"""What can be wrong with a spending."""

from tidegate.primitives.errors import TidegateError


class InsufficientCredits(TidegateError):
    """The organisation has fewer credits available than this takes. Nothing was changed."""

    STATUS = 402

    def __init__(self, *, needed: int, available: int) -> None:
        super().__init__(
            f"This needs {needed} credits; the organisation has {available} available.",
            code="insufficient_credits",
            extra={"needed": needed, "available": available},
        )
        self.needed = needed
        self.available = available


class LedgerBroken(RuntimeError):
    """A reserved credit that the entries promise is not there; `ledger_reconcile` says where."""
