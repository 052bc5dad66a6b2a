"""What marks mean for those who recommend, over the port."""

from collections.abc import Sequence

from moderation.app.configuration import house_rules


class KnownMarks:
    """`tidegate.contracts.ports.HouseMarks` by the house rules in force."""

    def is_limited(self, rating: str, labels: Sequence[str]) -> bool:
        """Whether one of its marks limits it."""
        return any(mark.limits for mark in house_rules().marks_of(rating, labels))

    def is_covered(self, rating: str, labels: Sequence[str]) -> bool:
        """Whether one of its marks covers it."""
        return any(mark.covers for mark in house_rules().marks_of(rating, labels))

    def ratings(self) -> tuple[str, ...]:
        """Return the ratings of the house, in its order: from the mildest."""
        return tuple(house_rules().ratings)
