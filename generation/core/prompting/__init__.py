"""Prompts that are written with templates, and what styles add to them. Pure."""

from generation.core.prompting.styles import styled
from generation.core.prompting.template import Template, TemplateRefused, parse
from generation.core.prompting.variables import TYPES, read_lists, read_variables
from generation.core.prompting.wording import LONGEST_PROMPT, Filled, Wording, read_wording

__all__ = [
    "LONGEST_PROMPT",
    "TYPES",
    "Filled",
    "Template",
    "TemplateRefused",
    "Wording",
    "parse",
    "read_lists",
    "read_variables",
    "read_wording",
    "styled",
]
