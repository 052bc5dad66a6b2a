"""What can be wrong with who is asking."""

from tidegate.primitives.errors import TidegateError


class KeyRefused(TidegateError):
    """An API key that opens nothing; `code` says which way it failed."""

    STATUS = 401
