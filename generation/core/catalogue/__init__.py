"""The model catalogue: what may be asked for, with which parameters, limits and costs.

Models are data: one YAML file each in `entries/`, and in any further folder that
`use_folders` names. A model of the same name in a later folder replaces the earlier one.
"""

from generation.core.catalogue.aliases import CANARY, STABLE, Asked, gets_canary, parse_asked
from generation.core.catalogue.checks import (
    LARGEST_SEED,
    Problem,
    check_parameters,
    check_prompt,
    check_seed,
    check_values,
    screened_fields,
    screened_text,
)
from generation.core.catalogue.files import (
    CatalogueRefused,
    catalogue,
    read_entry,
    read_text,
    use_folders,
)
from generation.core.catalogue.model import (
    NEGATIVE_PROMPT,
    PROMPT_PHASE,
    Choice,
    Limits,
    Loading,
    Model,
    Operation,
    Parameter,
    Safety,
    Style,
)
from generation.core.catalogue.schema import parameters_schema

__all__ = [
    "CANARY",
    "LARGEST_SEED",
    "NEGATIVE_PROMPT",
    "PROMPT_PHASE",
    "STABLE",
    "Asked",
    "CatalogueRefused",
    "Choice",
    "Limits",
    "Loading",
    "Model",
    "Operation",
    "Parameter",
    "Problem",
    "Safety",
    "Style",
    "catalogue",
    "check_parameters",
    "check_prompt",
    "check_seed",
    "check_values",
    "gets_canary",
    "parameters_schema",
    "parse_asked",
    "read_entry",
    "read_text",
    "screened_fields",
    "screened_text",
    "use_folders",
]
