"""The fields of objects that several get methods show."""
