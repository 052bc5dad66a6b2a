"""What a handler may say about an event it could not handle."""


class CannotHeal(Exception):
    """No retry will ever succeed: the event becomes a dead letter at once."""


class RetryLater(Exception):
    """Something the handler needs is away: the event is tried again after `seconds`.

    Later events of the same key wait behind it; other keys go on.
    """

    def __init__(self, seconds: float, why: str = "") -> None:
        super().__init__(why or f"try again in {seconds:g} s")
        self.seconds = seconds


class UnknownConsumer(LookupError):
    """No app registered a consumer of this name."""
