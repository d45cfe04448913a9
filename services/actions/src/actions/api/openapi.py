"""How bodies that are read raw, under their signature, still stand in the OpenAPI document."""

from pydantic import BaseModel, JsonValue

_DEFINITIONS = "#/$defs/"


def body_of(model: type[BaseModel]) -> dict[str, JsonValue]:
    """The `requestBody` of a route that takes this model."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    return {"required": True, "content": {"application/json": {"schema": _inlined(schema, definitions)}}}


def _inlined(schema: JsonValue, definitions: dict[str, JsonValue]) -> JsonValue:
    """The schema with its definitions in place of references, which would point into another document."""
    if isinstance(schema, list):
        return [_inlined(member, definitions) for member in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return _inlined(definitions[reference.removeprefix(_DEFINITIONS)], definitions)
    return {name: _inlined(member, definitions) for name, member in schema.items()}
