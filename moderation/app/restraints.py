"""What keeps people from showing things, for the services that show them."""

from uuid import UUID

from moderation.app.models import Case, Restriction
from moderation.app.selectors.strikes import restrictions_in_force
from moderation.app.services.lineage import blocked_ancestor, blocked_duplicate
from tidegate.assets.models import Asset
from tidegate.contracts.ports import Restraint


class KnownRestraints:
    """Implements `tidegate.contracts.ports.Restraints`."""

    def on_publishing(self, *, author_id: UUID, organisation_id: UUID | None) -> Restraint | None:
        """Every restriction but a cooldown keeps its author from making things public."""
        kinds = set(Restriction.Kind.values) - {Restriction.Kind.COOLDOWN}
        restriction = restrictions_in_force(
            author_id, organisation_id=organisation_id, kinds=kinds
        ).first()
        return None if restriction is None else Restraint(restriction.kind, restriction.until)

    def on_restoring(
        self, *, asset_id: UUID, author_id: UUID, organisation_id: UUID
    ) -> Restraint | None:
        """As publishing; what was made from something blocked, or is the same, stays away too."""
        restraint = self.on_publishing(author_id=author_id, organisation_id=organisation_id)
        if restraint is not None:
            return restraint
        asset = Asset.objects.get(pk=asset_id)
        if blocked_ancestor(asset) is not None:
            return Restraint(Case.Because.LINEAGE.value, None)
        if blocked_duplicate(asset) is not None:
            return Restraint(Case.Because.DUPLICATE.value, None)
        return None
