"""The shape of a playbook, derived from the table of questions. The only pydantic of keyless's own files.

An answer is judged by the same reading as a flag (operators.values), so that both voices accept the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from keyless.errors import DOCS
from keyless.model.plan import Phase
from keyless.operators.question import Kind, Question
from keyless.operators.questions import questions_of
from keyless.operators.script import ANY
from keyless.operators.values import SOURCE, SOURCES, WrongAnswer, read_answer

VERSION: Final = 1
JsonSchema: TypeAlias = dict[str, Any]
_REPOSITORY: Final = r"^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]+$"


class Strict(BaseModel):
    """Nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@cache
def playbook_adapter() -> TypeAdapter[Any]:
    """Return what validates a playbook of any command and describes it as JSON Schema."""
    models = tuple(_playbook(phase) for phase in Phase)
    union: Any = Annotated[models[0] | models[1] | models[2], Field(discriminator="command")]
    return TypeAdapter(union)


def json_schema() -> JsonSchema:
    """Return the JSON Schema of playbooks, for editors."""
    schema = playbook_adapter().json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{DOCS}/playbook.schema.json",
        "title": "keyless playbook",
        **schema,
    }


def named(question: Question, value: object) -> Mapping[str, object]:
    """Return a key's value as answers by name: a map as it is, anything else as the answer for all."""
    return value if question.per and isinstance(value, dict) else {ANY: value}


def _playbook(phase: Phase) -> type[BaseModel]:
    answers = _answers(phase)
    title = phase.value.title()
    entry = create_model(
        f"{title}Repository",
        __base__=Strict,
        repository=(Annotated[str, BeforeValidator(_repository)], Field(pattern=_REPOSITORY)),
        answers=(answers, Field(default={}, description="Answers for this repository only.", validate_default=True)),
    )
    services: Any = Literal["real", "rehearsal"]
    this_command: Any = Literal[phase.value]
    return create_model(
        f"{title}Playbook",
        __base__=Strict,
        version=(Literal[1], Field(description="The version of this format.")),
        services=(services, Field(description="Which services it is for; never both.")),
        command=(this_command, Field(description="What is done with each repository.")),
        defaults=(answers, Field(default={}, description="Answers for every repository.", validate_default=True)),
        repositories=(list[entry], Field(min_length=1, max_length=2000)),  # type: ignore[valid-type]
    )


def _repository(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(_REPOSITORY, value):
        raise PydanticCustomError("repository", "it has to be owner/name")
    return value


def _answers(phase: Phase) -> type[BaseModel]:
    fields: dict[str, Any] = {
        row.key.replace("-", "_"): (
            Annotated[Any, BeforeValidator(_judge(row)), WithJsonSchema(answer_schema(row))],
            Field(default=None, alias=row.key, json_schema_extra=_default(row)),
        )
        for row in questions_of(phase)
    }
    return create_model(f"{phase.value.title()}Answers", __base__=Strict, **fields)


def _judge(question: Question) -> Callable[[object], object]:
    def judge(value: object) -> object:
        for name, raw in named(question, value).items():
            if question.kind in (Kind.TYPED, Kind.CHOICES):
                _look(question, raw, name)
                continue
            try:
                read_answer(question, raw, {})
            except WrongAnswer as wrong:
                raise _wrong(name, wrong.wants) from None
        return value

    return judge


def _look(question: Question, raw: object, name: str) -> None:
    """Judge the type of what can be judged only when it is asked."""
    items = raw if question.several and isinstance(raw, list) else [raw]
    if not all(isinstance(item, str) for item in items):
        raise _wrong(name, "a list of names" if question.several else "text (in quotes)")


def _wrong(name: str, wants: str) -> PydanticCustomError:
    return PydanticCustomError("answer", "it has to be {wants}", {"wants": wants, "name": name})


def answer_schema(question: Question) -> JsonSchema:
    """Return the JSON Schema of one key."""
    one = _one(question)
    if question.several:
        one = {"anyOf": [one, {"type": "array", "items": one}]}
    if question.per:
        one = {"anyOf": [one, {"type": "object", "additionalProperties": one}]}
    described = f"{question.help} {question.why}"
    return {**one, "title": question.key, "description": described}


def _default(question: Question) -> Callable[[JsonSchema], None]:
    """A key that is left out is not null: say the question's own default, or none."""

    def write(schema: JsonSchema) -> None:
        schema.pop("default", None)
        if isinstance(question.default, (str, bool, int)):
            schema["default"] = question.default

    return write


def _one(question: Question) -> JsonSchema:
    match question.kind:
        case Kind.YES_NO | Kind.CONFIRM:
            return {"type": "boolean"}
        case Kind.NUMBER:
            low, high = question.bounds or (0, 10**9)
            return {"type": "integer", "minimum": low, "maximum": high}
        case Kind.CHOICE:
            return {"enum": [choice.value for choice in question.choices]}
        case Kind.SECRET:
            return {
                "type": "string",
                "pattern": f"^({SOURCE.pattern})$",
                "$comment": f"{SOURCES}, never the secret itself",
            }
        case _:
            return {"type": "string", **({"pattern": f"^({question.pattern})$"} if question.pattern else {})}
