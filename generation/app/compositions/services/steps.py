"""A composition goes on: prepared outside a transaction, done inside one, any number of times.

What comes next is worked out anew under the composition's lock; what was prepared is used only
where it is still what is asked for. So a step may be prepared or done twice, and by two at once.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from generation.app.compositions.drafting import Draft, Place, asker_of, draft_all
from generation.app.compositions.facts import BLOCKED, Found, State, facts_of, find_parts
from generation.app.compositions.offers import recipe_of
from generation.app.compositions.services.trail import end_composition, tell
from generation.app.compositions.wholes import Whole, create_whole, gather
from generation.app.models import Composition, CompositionPart
from generation.app.services.bars import Barred
from generation.app.services.requests import store_jobs
from generation.app.services.trail import WORKER
from generation.core.recipes import Asked, Recipe, Step, Trouble, next_step
from tidegate.accounts.viewers import Viewer
from tidegate.assets.services import leave_whole
from tidegate.ledger.errors import InsufficientCredits

logger = logging.getLogger("generation.compositions")

MOST_STEPS = 20
"""How often `advance` looks again: more than parts can be left out one after another."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was made ready for a step: jobs for the parts that can be asked for, or the whole."""

    composition_id: UUID
    drafts: Mapping[Place, Draft | Trouble] = field(default_factory=dict)
    whole: Whole | None = None


def advance(composition_id: UUID) -> Composition | None:
    """Do what can be done for a composition now; return it as it is then."""
    composition: Composition | None = None
    for _ in range(MOST_STEPS):
        prepared = prepare_step(composition_id)
        if prepared is None:
            return composition
        with transaction.atomic():
            composition, is_more = _apply(prepared)
        if not is_more:
            break
    return composition


def prepare_step(composition_id: UUID) -> Prepared | None:
    """Make ready what can be done now; None when the composition has ended. Writes no row."""
    composition = (
        Composition.objects.select_related("requested_by")
        .filter(pk=composition_id, state=Composition.State.RUNNING)
        .first()
    )
    if composition is None:
        return None
    recipe = recipe_of(composition)
    found = find_parts(composition, recipe)
    step = _next(composition, recipe, found)
    whole = gather(composition, recipe, found) if _is_whole(step, found) else None
    return Prepared(composition_id, draft_all(composition, step.asked), whole)


@transaction.atomic
def apply_step(prepared: Prepared) -> None:
    """Do what was prepared, as far as it still holds. What it opened is done once it committed."""
    _, is_more = _apply(prepared)
    if is_more:
        transaction.on_commit(lambda: advance(prepared.composition_id))


def _apply(prepared: Prepared) -> tuple[Composition, bool]:
    """Return the composition, and whether there is more to do that was not prepared."""
    composition = (
        Composition.objects.select_for_update(of=("self",), no_key=True)
        .select_related("requested_by")
        .get(pk=prepared.composition_id)
    )
    if composition.state != Composition.State.RUNNING:
        return composition, False
    recipe = recipe_of(composition)
    found = find_parts(composition, recipe)
    step = _next(composition, recipe, found)
    is_news = _write(composition, recipe, found, step)
    why = _why(step, found)
    if why is None:
        why, stored, is_more = _ask(composition, recipe, step.asked, prepared.drafts)
        is_news |= bool(stored)
        # What was left out just now may have been all that was missing.
        is_more |= bool(step.left_out)
    else:
        _set_trouble(composition, why, State.FAILED)
        is_more = False
    if why is not None:
        end_composition(composition, Composition.State.FAILED, actor=WORKER, why=why)
        return composition, False
    if _is_whole(step, found):
        if prepared.whole is None or prepared.whole.parts != _released(found):
            return composition, True
        _complete(composition, found, prepared.whole)
        return composition, False
    if is_news:
        tell(composition)
    return composition, is_more


def _next(composition: Composition, recipe: Recipe, found: Sequence[Found]) -> Step:
    return next_step(recipe, composition.inputs, facts_of(found), seed=composition.seed)


def _is_whole(step: Step, found: Sequence[Found]) -> bool:
    """Whether every part is there; one that its owner withdrew keeps the whole back."""
    passed = [one for one in found if one.state == State.PASSED]
    return step.is_complete and not step.left_out and all(one.is_released for one in passed)


def _released(found: Sequence[Found]) -> tuple[UUID, ...]:
    return tuple(
        one.asset.pk for one in found if one.state == State.PASSED and one.asset is not None
    )


def _why(step: Step, found: Sequence[Found]) -> Trouble | None:
    """Why the composition cannot be, in the words of the part where the planner has none."""
    failed = step.failed
    if failed is None or failed.code:
        return failed
    part = next(
        one for one in found if (one.row.name, one.row.index) == (failed.name, failed.index)
    )
    return Trouble(failed.name, failed.index, part.error_code, part.error_detail)


def _write(composition: Composition, recipe: Recipe, found: Sequence[Found], step: Step) -> bool:
    """Write into the rows what became of the parts, and make rows for further items."""
    is_news = False
    for one in found:
        if not one.is_stored:
            row = one.row
            row.state, row.asset = one.state, one.asset
            row.error_code, row.error_detail = one.error_code, one.error_detail
            row.save(update_fields=["state", "asset", "error_code", "error_detail"])
            is_news = True
    there = {(one.row.name, one.row.index) for one in found}
    rows = [
        CompositionPart(
            composition=composition,
            name=name,
            index=index,
            position=[part.name for part in recipe.parts].index(name),
        )
        for name, count in step.items.items()
        for index in range(count)
        if (name, index) not in there
    ]
    CompositionPart.objects.bulk_create(rows)
    for trouble in step.left_out:
        _set_trouble(composition, trouble, State.LEFT_OUT)
    return is_news or bool(rows or step.left_out)


def _set_trouble(composition: Composition, trouble: Trouble, state: State) -> None:
    CompositionPart.objects.filter(
        composition=composition, name=trouble.name, index=trouble.index, job=None
    ).update(state=state, error_code=trouble.code, error_detail=trouble.detail)


def _ask(
    composition: Composition,
    recipe: Recipe,
    asked: Sequence[Asked],
    drafts: Mapping[Place, Draft | Trouble],
) -> tuple[Trouble | None, list[Draft], bool]:
    """Store the jobs that were drafted; why the whole cannot be, what was stored, what is left."""
    ready: list[Draft] = []
    is_more = False
    for part in asked:
        drafted = drafts.get((part.name, part.index))
        if drafted is None:
            is_more = True
        elif isinstance(drafted, Trouble):
            if not recipe.part(part.name).is_optional:
                _set_trouble(composition, drafted, State.FAILED)
                return drafted, [], False
            _set_trouble(composition, drafted, State.LEFT_OUT)
            is_more = True
        elif drafted.asked == part:
            ready.append(drafted)
        else:
            is_more = True
    try:
        stored, unpaid = _store(composition, recipe, ready)
    except Barred as error:
        # Restricted meanwhile: what was asked for before is not made any further.
        trouble = Trouble(ready[0].asked.name, ready[0].asked.index, error.code, error.message)
        _set_trouble(composition, trouble, State.FAILED)
        return trouble, [], False
    for draft in unpaid:
        trouble = Trouble(
            draft.asked.name,
            draft.asked.index,
            "insufficient_credits",
            "The organisation has too few credits left for this part.",
        )
        is_needed = not recipe.part(trouble.name).is_optional
        _set_trouble(composition, trouble, State.FAILED if is_needed else State.LEFT_OUT)
        if is_needed:
            return trouble, stored, False
        is_more = True
    return None, stored, is_more


def _store(
    composition: Composition, recipe: Recipe, ready: Sequence[Draft]
) -> tuple[list[Draft], list[Draft]]:
    """Store jobs together; where there are too few credits for all, only the needed, else none."""
    needed = [draft for draft in ready if not recipe.part(draft.asked.name).is_optional]
    for wanted in (list(ready), needed):
        if not wanted:
            break
        try:
            with transaction.atomic():
                store_drafts(asker_of(composition), composition, wanted)
        except InsufficientCredits:
            continue
        return wanted, [draft for draft in ready if draft not in wanted]
    return [], list(ready)


def store_drafts(viewer: Viewer, composition: Composition, drafts: Sequence[Draft]) -> None:
    """Store jobs and say of their parts that they are worked on, in the caller's transaction.

    Raises:
        InsufficientCredits: nothing may be stored then.
    """
    store_jobs(
        viewer,
        [draft.job for draft in drafts],
        [draft.verdict for draft in drafts],
        [draft.line for draft in drafts],
    )
    for draft in drafts:
        waiting = CompositionPart.objects.filter(
            composition=composition, name=draft.asked.name, index=draft.asked.index, job=None
        )
        if not waiting.update(state=State.WORKING, job=draft.job, error_code="", error_detail=""):
            raise RuntimeError(f"{composition.pk} has no waiting {draft.asked.name}")


def _complete(composition: Composition, found: Sequence[Found], whole: Whole) -> None:
    for one in found:
        # What was blocked is no part of what was made without it.
        if one.asset is not None and one.error_code == BLOCKED:
            leave_whole(
                asset_id=one.asset.pk, actor=WORKER, reason="the composition does without it"
            )
    create_whole(composition, whole)
    end_composition(composition, Composition.State.COMPLETED, actor=WORKER)
