"""The marshmallow field of `tags`, as Zabbix 7.0 checks them."""

from typing import Any

from marshmallow import ValidationError

from alertrpc.api.fields import AN_ARRAY, MOST_TAGS, Integer, Parameter, String, deserialized, members, unexpected
from alertrpc.query.tags import OPERATORS, Operator, Tag
from alertrpc.records import Json
from alertrpc.values import is_digits

_MEMBERS = {"tag": String(required=True), "operator": Integer(OPERATORS), "value": String()}


class Tags(Parameter):
    """An array of objects of a tag, an operator and a value."""

    fault, takes_null = AN_ARRAY, True

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> list[Tag]:
        if isinstance(value, dict):  # Zabbix takes one object for an array of it
            value = list(value.values()) if all(map(is_digits, value)) else [value]
        if not isinstance(value, list):
            raise ValidationError(AN_ARRAY)
        if len(value) > MOST_TAGS:
            raise ValidationError(f"more than {MOST_TAGS} values.")
        return [_tag(index, element) for index, element in enumerate(value, 1)]


def _tag(index: int, value: Json) -> Tag:
    if (given := members(value)) is None:
        raise ValidationError({index: AN_ARRAY})
    for name in given:
        if name not in _MEMBERS:
            raise ValidationError({index: unexpected(name)})
    try:
        loaded = deserialized(_MEMBERS, given)
    except ValidationError as error:
        raise ValidationError({index: error.messages}) from error
    return Tag(loaded["tag"], Operator(loaded.get("operator", Operator.CONTAINS)), loaded.get("value", ""))
