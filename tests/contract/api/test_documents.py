"""The documents about the API say what the code does."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31

from tidegate.api import codes
from tidegate.api.documents import documents

ROOT = Path(settings.ROOT)
SOURCES = (
    "platform/tidegate",
    "generation/app",
    "generation/core",
    "moderation/app",
    "recommendations/app",
)
CODE = re.compile(r"[a-z][a-z0-9_]+\Z")
# Django and DRF raise these for us.
LIBRARY = {
    "not_authenticated",
    "parse_error",
    "method_not_allowed",
    "not_acceptable",
    "unsupported_media_type",
    "throttled",
}
# Raised where no caller of the API comes: commands, storage, pages.
ELSEWHERE = {"dead_letter_not_found", "blob_damaged"}


@pytest.mark.parametrize("name", ["openapi.json", "problems.md"])
def test_the_committed_document_is_current(name: str) -> None:
    committed = (ROOT / "docs" / "api" / name).read_text(encoding="utf-8")
    assert committed == documents()[name], "run `manage.py api_documents`"


def test_the_document_is_valid_openapi_3_1() -> None:
    document = json.loads(documents()["openapi.json"])
    assert document["openapi"].startswith("3.1")
    errors = Draft202012Validator(OPENAPI_31).iter_errors(document)
    assert [error.message for error in errors] == []


def test_every_operation_has_an_id_words_and_problem_answers() -> None:
    document = json.loads(documents()["openapi.json"])
    seen = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["operationId"] not in seen
            seen.add(operation["operationId"])
            assert operation["description"], f"{method} {path}"
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert list(answer["content"]) == ["application/problem+json"], f"{path}"


def test_every_code_that_is_raised_is_explained_and_no_other() -> None:
    raised = {code for path in _files() for code in _codes(path)} - ELSEWHERE
    explained = set(codes.PROBLEMS) | set(codes.FIELDS) | set(codes.JOBS)
    assert raised - explained == set(), "explain these in tidegate/api/codes.py"
    unused = set(codes.PROBLEMS) - raised - LIBRARY
    assert unused == set(), "no source raises these any more"


def _files() -> Iterator[Path]:
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*.py"):
            if not {"stack", "migrations", "console", "web"} & set(path.parts):
                yield path


def _codes(path: Path) -> Iterator[str]:
    """Yield what is given as `code=`, and the code of every FieldError and Problem."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield from _assigned(node)
        if not isinstance(node, ast.Call):
            continue
        given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        if isinstance(node.func, ast.Name) and node.func.id in {"FieldError", "Problem"}:
            given += node.args[1:2]
        for value in given:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value


def _assigned(node: ast.ClassDef | ast.FunctionDef) -> Iterator[str]:
    """Yield the defaults of `code`: of a class body or of a parameter."""
    if isinstance(node, ast.ClassDef):
        for line in node.body:
            if (
                isinstance(line, ast.Assign)
                and isinstance(line.targets[0], ast.Name)
                and line.targets[0].id == "code"
                and isinstance(line.value, ast.Constant)
            ):
                yield str(line.value.value)
        return
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        is_code = argument.arg == "code" and isinstance(default, ast.Constant)
        if is_code and CODE.match(str(default.value)):  # type: ignore[union-attr]  # a constant
            yield str(default.value)  # type: ignore[union-attr]  # a constant
