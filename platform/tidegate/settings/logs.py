"""Structured logs: one JSON object a line, with the request's and the causal chain's ids.

Personal data is masked in every line, last of all: an error's text and a traceback quote what
people wrote (PostgreSQL quotes the failing row), and no place that logs has to think of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from structlog.types import EventDict, Processor

from moderation.core.masking import masked

# Nobody's data, and dear to whoever follows a request through the logs.
_OURS = frozenset({"timestamp", "level", "logger"})
_OUR_ENDINGS = ("_id", "sha256")


def logging_config(*, level: str, output: str) -> dict[str, Any]:
    """Return a `dictConfig` for stdlib loggers and structlog alike, to stderr.

    `output` is "json" or "console". What `structlog.contextvars` holds (request_id,
    correlation_id, job_id …) is on every line written while it is bound.
    """
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.stdlib.ExtraAdder(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": before,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *_render(output),
                ],
            },
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "structured",
                "stream": "ext://sys.stderr",
            },
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Each of these installs handlers of its own, which would write a line twice.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            "uvicorn": {"handlers": [], "level": level, "propagate": True},
            "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": True},
            "kafka": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            # Two lines for each ticket, which names no job; jobs have their own lines and trail.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }


def _render(output: str) -> list[Processor]:
    last: Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if output == "console":
        last = structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    return [structlog.processors.format_exc_info, mask_personal_data, last]


def mask_personal_data(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """Return the line with kinds and numbers in the place of personal data."""
    return {
        key: value if key in _OURS or key.endswith(_OUR_ENDINGS) else _masked(value)
        for key, value in line.items()
    }


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {key: _masked(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    # Whatever else is written as its text, by either renderer.
    return masked(str(value))
