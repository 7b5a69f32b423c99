"""OCP's alarm levels, 1 (worst) to 5, and Zabbix's severities, of which 5 is the worst: level 1 is severity 5."""

_SUM = 6


def severity_of(level: int) -> int:
    return _SUM - level


def level_of(severity: int) -> int:
    """The level; an event of Zabbix that is not classified has the least."""
    return min(_SUM - severity, _SUM - 1)
