"""GET /: a page for browsers about the server, without any of its data."""

from collections.abc import Mapping
from html import escape

from aiohttp import web

from alertrpc import __version__

ENDPOINTS = {
    "POST /api_jsonrpc.php": "the API as JSON-RPC 2.0; also /jsonrpc and any path with this end",
    "POST /api/v2/alarm/alarms": "accepts alarms in the form of OceanBase Cloud Platform (OCP)",
    "POST /api/v2/alerts": "accepts alerts from Prometheus",
    "POST /alertmanager": "accepts groups from Alertmanager's webhook",
    "GET /api/v2/alarm/alarms": "lists alarms",
    "GET /api/v2/alarm/alarms/{id}": "returns one alarm",
    "GET /api/v2/alarm/notifications": "lists messages",
    "POST /api/v2/alarm/channels/{name}/test": "sends a test message",
    "GET /healthz": "says whether the database answers",
}
DOCUMENTS = {
    "README.rst": "a first look",
    "docs/api.rst": "methods, parameters, errors, differences from Zabbix",
    "docs/alarms.rst": "pushing and listing alarms",
    "docs/configuration.rst": "media types, users, actions, and the variables of templates",
    "docs/delivery.rst": "scripts, webhooks, mail, attempts and exit statuses",
    "docs/settings.rst": "settings, the log and exit statuses",
    "docs/limits.rst": "limits",
    "docs/data.rst": "data files",
    "docs/architecture.rst": "how the code is laid out",
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def _rows(named: Mapping[str, str]) -> str:
    rows = [f"<tr><td><code>{escape(name)}</code></td><td>{escape(text)}</td></tr>" for name, text in named.items()]
    return "\n".join(rows)


PAGE = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>alertrpc</title>
</head>
<body>
<h1>alertrpc {escape(__version__)}</h1>
<p>The delivery ledger for alerts that speaks the Zabbix API. It serves programs; this is its only page.</p>
<p><a href="healthz">/healthz</a> says whether it works.</p>
<h2>Endpoints</h2>
<table>
{_rows(ENDPOINTS)}
</table>
<h2>Documents</h2>
<p>They are in the source folder of alertrpc; <code>alertrpc --help</code> explains the commands.</p>
<table>
{_rows(DOCUMENTS)}
</table>
</body>
</html>
"""


async def home(_request: web.Request) -> web.Response:
    """The page, the same for everybody."""
    return web.Response(text=PAGE, content_type="text/html", headers=HEADERS)
