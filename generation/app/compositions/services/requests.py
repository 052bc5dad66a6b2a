"""What people ask of compositions: new ones, what one would cost, and the end of one."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import transaction

from generation.app.compositions import selectors
from generation.app.compositions.drafting import Draft, draft
from generation.app.compositions.offers import recipe_asked_for
from generation.app.compositions.services.steps import store_drafts
from generation.app.compositions.services.trail import call_off, end_composition, record_change
from generation.app.models import Composition, CompositionPart
from generation.app.registry.selectors import offered_models
from generation.app.services.previews import DECISIONS, Decision
from generation.app.services.requests import place_to_make
from generation.core.catalogue import LARGEST_SEED, check_seed
from generation.core.recipes import (
    PartPrice,
    Recipe,
    Step,
    check_inputs,
    next_step,
    prices_of,
)
from generation.core.titles import title_of
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.contracts.moderation import VerdictName
from tidegate.ledger.selectors import balance_of
from tidegate.primitives.clock import now
from tidegate.primitives.correlation import correlation_id as current_correlation_id
from tidegate.primitives.errors import FieldError, InvalidInput, NotAllowed
from tidegate.projects.models import Project


@dataclass(frozen=True, slots=True)
class CompositionPreview:
    """What a composition would come to. Amounts in credits.

    `at_most` counts every part that can be made, each as long as it may become; what it costs is
    what its parts deliver. `decision` is about the words that are known now.
    """

    recipe: Recipe
    prices: tuple[PartPrice, ...]
    at_most: int
    available: int
    is_affordable: bool
    decision: Decision
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Checked:
    """A request that fits: its recipe, clean inputs, and what can be done at once."""

    recipe: Recipe
    inputs: dict[str, Any]
    seed: int
    project: Project
    first: Step


def submit_composition(
    *,
    viewer: Viewer,
    project_id: UUID,
    recipe_name: str,
    inputs: Mapping[str, Any],
    seed: int | None = None,
    correlation_id: UUID | None = None,
) -> Composition:
    """Accept a request: the composition, and a job for every part that needs no other.

    Without a seed a random one is drawn and stored. A part whose prompt the gate refuses ends
    the composition as soon as that is noticed.

    Raises:
        InvalidInput: with a pointer for every field that is wrong.
        NotFound, NotAllowed: as `submit_job`.
        InsufficientCredits: there are too few for the first parts.
    """
    checked = _check(viewer, project_id, recipe_name, inputs, seed)
    composition = _composition(viewer, checked, correlation_id or current_correlation_id())
    drafts = _drafts(viewer, composition, checked)
    return _store(viewer, composition, checked, drafts)


def preview_composition(
    *,
    viewer: Viewer,
    project_id: UUID,
    recipe_name: str,
    inputs: Mapping[str, Any],
    seed: int | None = None,
) -> CompositionPreview:
    """Return what asking for it now would come to. Nothing is stored; the gate is asked.

    Raises:
        InvalidInput, NotFound, NotAllowed: as `submit_composition`.
    """
    checked = _check(viewer, project_id, recipe_name, inputs, seed)
    composition = _composition(viewer, checked, current_correlation_id())
    drafts = _drafts(viewer, composition, checked)
    models = offered_models()
    made = tuple(part for part in checked.recipe.parts if part.model in models)
    prices = prices_of(replace(checked.recipe, parts=made), checked.inputs, models)
    at_most = sum(price.at_most for price in prices)
    available = balance_of(checked.project.organisation_id).available
    return CompositionPreview(
        recipe=checked.recipe,
        prices=prices,
        at_most=at_most,
        available=available,
        is_affordable=at_most <= available,
        decision=_worst(drafts),
        reasons=tuple(sorted({reason for one in drafts for reason in one.job.refusal})),
    )


def cancel_composition(*, viewer: Viewer, composition_id: UUID) -> Composition:
    """End a composition that is no longer wanted; its open jobs are cancelled one by one.

    An ended composition is returned as it is. What was delivered stays.

    Raises:
        NotFound: no such composition for this viewer.
        NotAllowed: staff may read one of somebody else, not end it.
    """
    seen = selectors.composition_for(viewer, composition_id)
    if seen.requested_by_id != viewer.user_id:
        raise NotAllowed(
            "Only who asked for a composition may cancel it.", code="not_your_composition"
        )
    with transaction.atomic():
        composition = Composition.objects.select_for_update(no_key=True).get(pk=composition_id)
        if composition.state == Composition.State.RUNNING:
            end_composition(composition, Composition.State.CANCELLED, actor=viewer.actor())
    call_off(composition)
    return composition


def _check(
    viewer: Viewer,
    project_id: UUID,
    recipe_name: str,
    inputs: Mapping[str, Any],
    seed: int | None,
) -> _Checked:
    recipe = recipe_asked_for(recipe_name)
    values, problems = check_inputs(recipe, inputs)
    if seed is not None:
        problems += check_seed(seed)
    if problems:
        raise InvalidInput(
            "The request does not fit the recipe.",
            errors=[FieldError(item.pointer, item.code, item.message) for item in problems],
        )
    project = place_to_make(viewer, project_id)
    chosen = secrets.randbelow(LARGEST_SEED + 1) if seed is None else seed
    step = next_step(recipe, values, [], seed=chosen)
    if step.failed is not None:
        raise InvalidInput(
            f"With these inputs, {step.failed.name} cannot be made: {step.failed.detail}.",
            code=step.failed.code,
            pointer="/inputs",
        )
    return _Checked(recipe, values, chosen, project, step)


def _composition(viewer: Viewer, checked: _Checked, correlation_id: UUID) -> Composition:
    recipe = checked.recipe
    heading = recipe.heading.render(lambda item: item.follow(checked.inputs[item.name]))
    if viewer.user_id is None:
        raise NotAllowed("Sign in to make something.", code="not_signed_in")
    return Composition(
        organisation_id=checked.project.organisation_id,
        project_id=checked.project.pk,
        requested_by_id=viewer.user_id,
        api_key_id=viewer.key_id,
        correlation_id=correlation_id,
        recipe_name=recipe.name,
        recipe_version=recipe.version,
        recipe=dict(recipe.document),
        inputs=checked.inputs,
        title=title_of(heading) or recipe.title,
        seed=checked.seed,
    )


def _drafts(viewer: Viewer, composition: Composition, checked: _Checked) -> list[Draft]:
    """Return the first parts as jobs; an optional one that does not fit is met again later."""
    drafts: list[Draft] = []
    wrong: list[FieldError] = []
    for part in checked.first.asked:
        try:
            drafts.append(draft(viewer, composition, checked.project, part))
        except InvalidInput as error:
            if not checked.recipe.part(part.name).is_optional:
                wrong += [
                    replace(item, pointer=f"/parts/{part.name}{item.pointer}")
                    for item in error.errors
                ]
    if wrong:
        raise InvalidInput("The request does not fit the models of the recipe.", errors=wrong)
    return drafts


@transaction.atomic
def _store(
    viewer: Viewer, composition: Composition, checked: _Checked, drafts: Sequence[Draft]
) -> Composition:
    """Insert, set credits aside, announce, record: in this order, which is the order of locks."""
    composition.save(force_insert=True)
    CompositionPart.objects.bulk_create(
        CompositionPart(composition=composition, name=part.name, index=index, position=position)
        for position, part in enumerate(checked.recipe.parts)
        for index in range(checked.first.items.get(part.name, 1))
    )
    if drafts:
        store_drafts(viewer, composition, drafts)
    record_change(
        composition,
        Action.COMPOSITION_REQUESTED,
        before=None,
        after={
            "state": str(composition.state),
            "recipe": composition.recipe_name,
            "version": composition.recipe_version,
            "at": now().isoformat(),
        },
        actor=viewer.actor(),
    )
    return composition


def _worst(drafts: Sequence[Draft]) -> Decision:
    order: tuple[VerdictName, ...] = ("block", "unavailable", "hold")
    verdicts = {one.verdict for one in drafts}
    return DECISIONS[next((name for name in order if name in verdicts), "release")]
