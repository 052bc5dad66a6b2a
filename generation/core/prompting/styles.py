"""What a style makes of a request."""

from collections.abc import Mapping

from generation.core.catalogue import (
    NEGATIVE_PROMPT,
    Model,
    Problem,
    Style,
    check_values,
)
from generation.core.prompting.draws import draws
from generation.core.prompting.template import TemplateRefused, Variable, parse


def styled(
    model: Model, name: str, prompt: str, parameters: Mapping[str, object]
) -> tuple[str, dict[str, object], list[Problem]]:
    """Return the prompt and the parameters in a style, and what is wrong with asking for it.

    What the caller sets counts more than what the style would; a picture is led away from both
    the caller's negative words and the style's.
    """
    style = next((style for style in model.styles if style.name == name), None)
    if style is None:
        known = ", ".join(style.name for style in model.styles) or "no styles"
        problem = Problem("/style", "unknown_style", f"{model.name} offers {known}")
        return prompt, dict(parameters), [problem]
    given = {name: value for name, value in parameters.items() if value is not None}
    values: dict[str, object] = {**style.parameters, **given}
    own = str(given.get(NEGATIVE_PROMPT, "")).strip()
    if negative := ", ".join(text for text in (own, style.negative_prompt) if text):
        values[NEGATIVE_PROMPT] = negative
    return _around(style, prompt), values, []


def wrong_with_style(model: Model, style: Style) -> str:
    """Return why an entry may not offer a style, or an empty text."""
    try:
        holes = list(parse(style.prompt).holes())
    except TemplateRefused as error:
        return str(error)
    if [hole for hole in holes if not isinstance(hole, Variable) or hole.name != "prompt"]:
        return "its prompt may have no other hole than {prompt}"
    if len(holes) != 1:
        return "its prompt must say {prompt} once"
    if style.negative_prompt and not model.takes_negative_prompt:
        return "the model takes no negative prompt"
    if style.prompt == "{prompt}" and not style.negative_prompt and not style.parameters:
        return "it changes nothing"
    known = [item for item in model.parameters if item.name in style.parameters]
    _, problems = check_values(known, style.parameters, pointer="", taker=model.name)
    return problems[0].message if problems else ""


def _around(style: Style, prompt: str) -> str:
    # A style draws nothing: `wrong_with_style` lets no choice and no list into its template.
    return parse(style.prompt).render({"prompt": prompt}, {}, draws(0, "style"))
