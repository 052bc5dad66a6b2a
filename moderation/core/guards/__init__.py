"""Large guard models: how each family is asked, and what its answer says in our hazards.

A guard is a language model that was taught to judge a conversation in one fixed format. A family
renders that format and names the few answers that the model may begin with; the back-end
(`moderation.serving.tidegate_guards`) asks the model how probable each of them is. Nothing is
generated and nothing is searched for in free text.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from moderation.core.guards.asking import Family
from moderation.core.guards.llama_guard import LLAMA_GUARD_2, LLAMA_GUARD_3, LLAMA_GUARD_3_1B
from moderation.core.guards.qwen3_guard import QWEN3_GUARD, QWEN3_GUARD_LOOSE
from moderation.core.guards.shield_gemma import SHIELD_GEMMA

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        "llama-guard-2": LLAMA_GUARD_2,
        "llama-guard-3": LLAMA_GUARD_3,
        "llama-guard-3-1b": LLAMA_GUARD_3_1B,
        "shieldgemma": SHIELD_GEMMA,
        "qwen3guard": QWEN3_GUARD,
        "qwen3guard-loose": QWEN3_GUARD_LOOSE,
    }
)
"""Every family by the name that an entry gives it."""
