"""No line of a log holds personal data, whoever wrote it and however."""

import io
import json
import logging
import logging.config

import pytest
import structlog

from tidegate.settings.logs import logging_config, mask_personal_data

EMAIL = "jane.doe@example.com"
CARD = "4242 4242 4242 4242"


@pytest.mark.parametrize("output", ["json", "console"])
def test_messages_values_and_tracebacks_are_masked(
    output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    formatter = logging_config(level="INFO", output=output)["formatters"]["structured"]
    arguments = {name: value for name, value in formatter.items() if name != "()"}
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter["()"](**arguments))
    logger = logging.getLogger("tests.masked")
    logger.setLevel("INFO")
    logger.propagate = False
    monkeypatch.setattr(logger, "handlers", [handler])
    logger.warning("a mail to %s", EMAIL)
    logger.info("more", extra={"rows": [{"note": CARD}], "job_id": "13800138000"})
    try:
        int(f"Failing row contains ({CARD})")
    except ValueError:
        logger.exception("broken", extra={"error": ValueError(EMAIL)})
    text = written.getvalue()
    assert EMAIL not in text
    assert "4242" not in text.replace("test_logs.py", "")
    assert text.count("[card 1]") >= 2
    assert "a mail to [e-mail 1]" in text
    assert "Traceback" in text
    assert "13800138000" in text
    if output == "json":
        assert [json.loads(line)["level"] for line in text.splitlines()] == [
            "warning",
            "info",
            "error",
        ]


def test_numbers_and_marks_stay_what_they_are() -> None:
    line: structlog.types.EventDict = {"event": "x", "count": 3, "ok": True, "none": None}
    assert mask_personal_data(None, "info", line) == line
