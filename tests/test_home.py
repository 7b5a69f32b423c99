"""The page at /: what it names is there, and a browser loads nothing for it."""

import re
from html.parser import HTMLParser

import pytest

from alertrpc import __version__
from alertrpc.app import build_app
from alertrpc.delivery.bell import Bell
from alertrpc.settings import read_settings
from alertrpc.web.home import DOCUMENTS, ENDPOINTS
from tests.support import ROOT, Server
from tests.test_http import Answered, ask

ANYWHERE = {"/{prefix}/api_jsonrpc.php", "/{path}", "/api/v2/{path}"}
TAGS = {"html", "head", "meta", "title", "body", "h1", "h2", "p", "a", "code", "table", "tr", "td"}
EMPTY = {"meta"}


class Reader(HTMLParser):
    """Which tags and attributes a page has, what it says, and whether its tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(shared_server: Server) -> Answered:
    return ask(shared_server.port, "GET", "/", None, {})


@pytest.fixture(scope="module")
def read(page: Answered) -> Reader:
    reader = Reader()
    reader.feed(page.body.decode())
    reader.close()
    return reader


def test_a_browser_is_shown_a_page(page: Answered, read: Reader) -> None:
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert read.open == []
    assert f"alertrpc {__version__}" in read.text
    assert read.links == ["healthz"]


def test_a_browser_loads_nothing_for_it(page: Answered, read: Reader) -> None:
    assert read.tags == TAGS
    assert read.attributes == {"lang", "charset", "name", "content", "href"}
    policy = page.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in page.headers
    assert "Set-Cookie" not in page.headers


def test_head_is_the_page_without_its_body(shared_server: Server, page: Answered) -> None:
    answered = ask(shared_server.port, "HEAD", "/", None, {})
    assert (answered.status, answered.body) == (200, b"")
    assert answered.headers["Content-Length"] == str(len(page.body))


def test_it_names_every_endpoint(read: Reader) -> None:
    app = build_app(read_settings(None, {}, {}), Bell())
    paths = {resource.canonical for resource in app.router.resources()} - ANYWHERE - {"/"}
    assert paths - {"/jsonrpc"} == {endpoint.split()[1] for endpoint in ENDPOINTS}
    assert [endpoint for endpoint in [*ENDPOINTS, "/jsonrpc"] if endpoint not in read.text] == []


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_endpoint_is_there(shared_server: Server, endpoint: str) -> None:
    method, path = endpoint.split()
    assert ask(shared_server.port, method, path.format(id="1", name="x"), b"", {}).status not in (404, 405)


def test_it_names_every_document(read: Reader) -> None:
    assert set(DOCUMENTS) == {"README.rst"} | {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.rst")}
    assert [document for document in DOCUMENTS if document not in read.text] == []


def test_it_is_the_same_whoever_asks(shared_server: Server, page: Answered) -> None:
    told = {"Authorization": "Basic QWRtaW46emFiYml4", "Host": "evil.example", "Accept-Language": "de"}
    assert ask(shared_server.port, "GET", "/?a=<script>", None, told).body == page.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_find_nothing_there(shared_server: Server, method: str) -> None:
    assert ask(shared_server.port, method, "/", None, {}).status == 404


@pytest.mark.parametrize("path", ["/index.html", "//", "/favicon.ico", "/docs/api.rst", "/README.rst", "/healthz/"])
def test_other_paths_find_nothing(shared_server: Server, path: str) -> None:
    answered = ask(shared_server.port, "GET", path, None, {})
    assert answered.status == 404
    assert re.fullmatch(rb"[ -~]+\n", answered.body)
