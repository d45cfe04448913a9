"""The topics as an AsyncAPI 3 document, made from the payload models; `python -m contracts.asyncapi` prints it.

`docs/asyncapi.json` is that document as it was last published; consumers make their own code from it, so it may only
grow. `incompatibilities` says where another document would break them.
"""

import json
import sys
from collections.abc import Iterator

from pydantic import JsonValue

from contracts.envelope import Event, EventData, EventType
from contracts.topics import EVENT_TYPES

Document = dict[str, JsonValue]

_REQUIRED_HEADERS = ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_dataschema", "content-type")


def document() -> Document:
    """The whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Chert for HubSpot",
            "version": "1",
            "description": "Events on Kafka: CloudEvents 1.0 in binary mode, JSON data. Delivery is at least once; "
            "the same fact told again has the same ce_id.",
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(event_type) for name, event_type in EVENT_TYPES.items()},
        "operations": {
            f"receive {name}": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{name}"},
                "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
            }
            for name in EVENT_TYPES
        },
        "components": {"schemas": {name: _schema(event_type) for name, event_type in EVENT_TYPES.items()}},
    }


def incompatibilities(old: Document, new: Document) -> list[str]:
    """Where a consumer made for the old document would break on the new one, in words."""
    before, after = _schemas(old), _schemas(new)
    found = [f"{name}: the topic is gone" for name in before if name not in after]
    for name, schema in before.items():
        if name in after:
            found += [f"{name}: {words}" for words in _breaks(schema, after[name], "")]
    return found


def _channel(event_type: EventType[EventData]) -> Document:
    return {
        "address": event_type.name,
        "description": "Compacted: the newest value of each key; a null value says that the key is gone."
        if event_type.compacted
        else "Kept for 14 days.",
        "messages": {
            event_type.name: {
                "name": event_type.name,
                "contentType": "application/json",
                "headers": _headers(event_type),
                "payload": {"$ref": f"#/components/schemas/{event_type.name}"},
            }
        },
    }


def _headers(event_type: EventType[EventData]) -> Document:
    text: Document = {"type": "string"}
    known: Document = {name: dict(text) for name in (*_REQUIRED_HEADERS, "ce_subject", "traceparent")}
    known["ce_specversion"] = {"const": Event.SPEC_VERSION}
    known["ce_type"] = {"const": event_type.name}
    known["ce_dataschema"] = {"const": event_type.schema}
    return {"type": "object", "required": list(_REQUIRED_HEADERS), "properties": known}


def _schema(event_type: EventType[EventData]) -> JsonValue:
    """The payload's schema as consumers read it: definitions inlined, so that the document has no second root."""
    schema: JsonValue = event_type.data.model_json_schema(mode="serialization")
    definitions = schema.pop("$defs", {}) if isinstance(schema, dict) else {}
    return _inlined(schema, definitions if isinstance(definitions, dict) else {})


def _inlined(part: JsonValue, definitions: Document) -> JsonValue:
    if isinstance(part, list):
        return [_inlined(one, definitions) for one in part]
    if not isinstance(part, dict):
        return part
    reference = part.get("$ref")
    if isinstance(reference, str):
        return _inlined(definitions[reference.rpartition("/")[2]], definitions)
    return {name: _inlined(one, definitions) for name, one in part.items()}


def _schemas(content: Document) -> Document:
    components = content["components"]
    schemas = components["schemas"] if isinstance(components, dict) else None
    return schemas if isinstance(schemas, dict) else {}


def _breaks(old: JsonValue, new: JsonValue, where: str) -> Iterator[str]:
    """A member that was promised is gone, is no longer always there, or is of another type."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return
    for mark in ("type", "const", "format", "enum", "anyOf"):
        if mark in old and old[mark] != new.get(mark):
            yield f"{where or 'value'}: {mark} is another"
    yield from (f"{where}{name}: is not always there any more" for name in _names(old, "required", new))
    yield from (f"{where}{name}: is gone" for name in _names(old, "properties", new))
    before, after = old.get("properties"), new.get("properties")
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before.keys() & after.keys():
            yield from _breaks(before[name], after[name], f"{where}{name}.")
    yield from _breaks(old.get("items"), new.get("items"), f"{where}[].")


def _names(old: Document, member: str, new: Document) -> list[str]:
    before, after = old.get(member), new.get(member)
    had = [str(name) for name in before] if isinstance(before, list | dict) else []
    has = {str(name) for name in after} if isinstance(after, list | dict) else set()
    return sorted(name for name in had if name not in has)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=1, sort_keys=True) + "\n")
