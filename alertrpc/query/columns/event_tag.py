"""The fields of the tags of events."""

from alertrpc.query.view import text, view

EVENT_TAG = view(text("tag"), text("value"))
TAGS_OF_EVENT = "FROM event_tag et WHERE et.eventid = e.eventid"
