"""E-mails as a server gets them, and what becomes of its replies."""

import asyncio
import email
import email.policy
import re
import ssl
import unicodedata
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from hypothesis import example, given
from hypothesis import strategies as st

from alertrpc.delivery.channels.email import EmailMediaType
from alertrpc.delivery.channels.email.addresses import LONGEST_ADDRESS
from alertrpc.delivery.channels.email.sending import EmailChannel
from alertrpc.delivery.protocol import Message, Outcome, Reason, Verdict
from alertrpc.ledger.messages import LONGEST_SUBJECT
from alertrpc.records import SmtpSecurity
from tests.delivering import sent_by

HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"]
OF_CONTENT = ["Content-Type", "Content-Transfer-Encoding", "MIME-Version"]


class Mailbox:
    """What a server took; `replies` are its answers to commands, where they are not those of a good server."""

    def __init__(self, **replies: str) -> None:
        self.replies = replies
        self.envelopes: list[Envelope] = []
        self.sessions: list[Session] = []

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.replies.get("rcpt", "250 OK")

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        self.sessions.append(session)
        return self.replies.get("data", "250 taken as 1")

    def raw(self) -> bytes:
        """The one mail, as its bytes came."""
        (envelope,) = self.envelopes
        assert isinstance(envelope.content, bytes)
        return envelope.content

    def mail(self) -> EmailMessage:
        mail = email.message_from_bytes(self.raw(), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        return mail


def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data == LoginPassword(b"bob", b"opensesame"), handled=False)


@asynccontextmanager
async def serving(mailbox: Mailbox, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """The port of a server; `tls` is spoken from the start, `tls_context` after STARTTLS."""
    loop = asyncio.get_running_loop()
    protocols: list[SMTP] = []

    def protocol() -> SMTP:
        protocols.append(SMTP(mailbox, loop=loop, hostname="mail.example.com", **options))
        return protocols[-1]

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for one in protocols:
            if isinstance(one.transport, asyncio.WriteTransport):
                one.transport.abort()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def saying(*replies: bytes | None) -> AsyncIterator[int]:
    """The port of a server that says these, each after a line of the client, the first at once; None is silence."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for number, reply in enumerate(replies):
                if number > 0:
                    await reader.readline()
                if reply is None:
                    await reader.read()
                else:
                    writer.write(reply)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def media_type(port: int, **members: Any) -> EmailMediaType:
    defaults: dict[str, Any] = {
        "name": "mail",
        "timeout": 5,
        "smtp_server": "127.0.0.1",
        "smtp_port": port,
        "smtp_email": "Alerts <alerts@example.com>",
    }
    return EmailMediaType(**{**defaults, **members})


def message(sendto: str = "bob@example.org", subject: str = "down", text: str = "It is down.\n") -> Message:
    return Message(delivery_id="d1", sendto=sendto, subject=subject, message=text, variables={})


async def send(port: int, given: Message | None = None, **members: Any) -> Outcome:
    return await sent_by(EmailChannel(), media_type(port, **members), given or message())


async def test_a_mail() -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as port:
        outcome = await send(port, message(subject=" host\r\n 七 is\tdown ", text="line\r\n.\n七\n"))
    taken = Outcome(verdict=Verdict.SENT, reason=Reason.DELIVERED, code=250, answer="taken as 1")
    assert outcome == taken
    mail, (envelope,) = mailbox.mail(), mailbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("alerts@example.com", ["bob@example.org"])
    assert (mail["From"], mail["To"]) == ("Alerts <alerts@example.com>", "bob@example.org")
    assert mail["Subject"] == " host   七 is down "
    assert mail["Message-ID"] == "<d1@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime is not None
    assert (mail.get_content_type(), mail.get_content_charset()) == ("text/plain", "utf-8")
    assert mail.get_content().replace("\r\n", "\n") == "line\n.\n七\n"
    assert mailbox.sessions[0].host_name == "example.com"
    assert mailbox.sessions[0].ssl is None


@pytest.mark.parametrize("text", ["", "x" * 100_000, "é" * 600_000, "a\0b", ".\n..\n", "a\rb", "a\x0b" * 2000])
async def test_texts(text: str) -> None:
    mailbox = Mailbox()
    async with serving(mailbox, data_size_limit=2**24) as port:
        assert (await send(port, message(text=text), smtp_helo="me.example.com")).verdict is Verdict.SENT
    content = mailbox.mail().get_payload(decode=True)
    assert isinstance(content, bytes)
    assert content.decode().replace("\r\n", "\n").rstrip("\n") == text.replace("\r", "\n").rstrip("\n")
    assert mailbox.sessions[0].host_name == "me.example.com"


# --- headers are literal: no text of theirs makes another header, and none is decoded twice

PIECES = st.sampled_from(
    ["=?utf-8?q?", "=0d=0aBcc:_x@y", "=0d=0a=0d=0a", "=?utf-8?b?DQpCY2M6IHhAeQ==", "?=", "=?", " ", "  ", "\r\n", "\n\n",
     "Bcc: x@y", "\x1b[31m", "\x85", "\x7f", "\u2028", "\0", "é", "七", "\U0001f600", "_", '"', "<x@y>", "\\", "(", ","]
)  # fmt: skip
LOOKS_LIKE_MAIL = st.lists(PIECES | st.text(st.characters(), max_size=8), max_size=12).map("".join)
NESTED = "=?utf-8?q?=3D=3Futf-8=3Fq=3F=3D0d=3D0aBcc:=5Fx@y=3F=3D?="


def as_a_subject(text: str) -> str:
    """What is to arrive of a text, character by character."""

    def arrives(character: str) -> str:
        if character == "\0":
            return "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(character) == "Cs":
            return "?"
        return " " if unicodedata.category(character) == "Cc" or character in "\u2028\u2029" else character

    return "".join(map(arrives, text[:LONGEST_SUBJECT]))


def header_lines(raw: bytes) -> list[bytes]:
    return raw.partition(b"\r\n\r\n")[0].split(b"\r\n")


def header_names(raw: bytes) -> list[str]:
    return [line.partition(b":")[0].decode() for line in header_lines(raw) if line[:1] not in (b" ", b"\t")]


@given(LOOKS_LIKE_MAIL)
@example("=?utf-8?q?=0d=0aBcc:_x@y?=")
@example("=?utf-8?q?=0d=0a=0d=0aother body?=")
@example("  two  spaces  ")
@example("=? " * 20_000)
@example("é\0x" * 1000 + "\nBcc: eve@example.com")
@example("七" * 5000)
@example("x" * 5000)
@example("x" * 67)
@example("x" * 68)
async def test_a_subject_arrives_as_it_stands(subject: str) -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as port:
        assert (await send(port, message(subject=subject))).verdict is Verdict.SENT
    expected = as_a_subject(subject)
    assert mailbox.mail()["Subject"] == expected
    read_as_of_old = email.message_from_bytes(mailbox.raw())["Subject"]
    assert str(make_header(decode_header(read_as_of_old))) == expected
    assert header_names(mailbox.raw()) == HEADERS + OF_CONTENT
    assert max(map(len, header_lines(mailbox.raw()))) <= 76
    assert mailbox.mail().get_content() == "It is down.\r\n"


def as_a_name(text: str) -> str:
    """A display name; the standard library reads several spaces in one as one."""
    return re.sub(" +", " ", "".join(filter(str.isprintable, text))[:60].strip())


@given(LOOKS_LIKE_MAIL.map(as_a_name))
@example("=?utf-8?q?=0d=0aBcc:_x@y?=")
@example("=?utf-8?q?=0d=0a?= x")
@example('"a b", <x@y> (c)')
@example("x" * 60)
@example("x" * 80)
@example("七" * 60)
async def test_a_display_name_arrives_as_it_stands(name: str) -> None:
    address = f"=?utf-8?b?{b64encode(name.encode()).decode()}?= <bob@example.org>"
    mailbox = Mailbox()
    async with serving(mailbox) as port:
        assert (await send(port, message(address), smtp_email=address)).verdict is Verdict.SENT
    read_as_of_old = email.message_from_bytes(mailbox.raw())
    for header in ("From", "To"):
        phrase, found = parseaddr(read_as_of_old[header])
        assert (str(make_header(decode_header(phrase))), found) == (name, "bob@example.org")
        (read,) = mailbox.mail()[header].addresses
        assert read.addr_spec == "bob@example.org"
        if read_as_of_old[header].count("=?") < 2:  # Python before 3.12 reads spaces between encoded-words
            assert read.display_name == name
    assert header_names(mailbox.raw()) == HEADERS + OF_CONTENT
    assert max(map(len, header_lines(mailbox.raw()))) <= 76


async def test_a_display_name_is_decoded_once() -> None:
    mailbox = Mailbox()
    address = f"{NESTED} <bob@example.org>"
    async with serving(mailbox) as port:
        assert (await send(port, message(address), smtp_email=address)).verdict is Verdict.SENT
    mail = mailbox.mail()
    for header in ("From", "To"):
        assert mail[header].addresses[0].display_name == "=?utf-8?q?=0d=0aBcc:_x@y?="
    assert header_names(mailbox.raw()) == HEADERS + OF_CONTENT
    assert re.search(rb"=0d=0a", mailbox.raw(), re.IGNORECASE) is None


@pytest.mark.parametrize(
    "sendto",
    [
        "",
        "bob",
        "@example.org",
        "bob@",
        "a@example.org, b",
        "a@example.org b@example.org",
        "bob@example.org\r\nBcc: eve@example.com",
        "bob@example.org\nRCPT TO:<eve@example.com>",
        "bob@example.org> SIZE=1",
        "<bob@example.org",
        "group: a@example.org;",
        "bob@exa\0mple.org",
        "bob@\ud800",
        '"',
        "(",
        "x" * LONGEST_ADDRESS + "@example.org",
        "=? " * 20_000 + "<bob@example.org>",
        "=?utf-8?q?a=0d=0aBcc:_x@y?= <bob@example.org>",
        "=?utf-8?q?a=1b[31m?= <bob@example.org>",
        '"=?utf-8?q?a=0d=0aBcc:_x@y?="@example.org',
        '"=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?="@example.org',
        "=?utf-8?q?=3D=3Fa=3F=3D?=@example.org",
        f"{'x' * 950}@example.org",
    ],
    ids=lambda sendto: ascii(sendto[:40]),
)
async def test_addresses_that_cannot_be(sendto: str) -> None:
    outcome = await send(1, message(sendto))
    assert (outcome.verdict, outcome.reason) == (Verdict.GIVE_UP, Reason.INVALID_MESSAGE), outcome
    assert outcome.error
    assert (await send(1, smtp_email=sendto)).reason is Reason.INVALID_MESSAGE


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it() -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as port:
        outcome = await send(port, message("böb@example.org"))
    assert (outcome.verdict, outcome.reason) == (Verdict.GIVE_UP, Reason.INVALID_MESSAGE)
    async with serving(mailbox, enable_SMTPUTF8=True) as port:
        outcome = await send(port, message("Böb <böb@example.org>"))
    assert outcome.verdict is Verdict.SENT, outcome
    assert mailbox.envelopes[0].rcpt_tos == ["böb@example.org"]


@pytest.mark.parametrize("reply", ["421 going down", "500 no", ""], ids=["421", "500", "nothing"])
async def test_a_fault_at_the_farewell_is_none_of_the_mail(reply: str) -> None:
    """The mail is taken; who tried again would send it twice."""
    mailbox = Mailbox()
    mailbox.handle_QUIT = farewell(reply)  # type: ignore[attr-defined]
    async with serving(mailbox) as port:
        outcome = await send(port)
    assert (outcome.verdict, outcome.answer) == (Verdict.SENT, "taken as 1")
    assert len(mailbox.envelopes) == 1


def farewell(reply: str) -> Callable[[SMTP, Session, Envelope], Awaitable[str]]:
    """What answers QUIT; an empty reply is a connection that ends without one."""

    async def answer(server: SMTP, _session: Session, _envelope: Envelope) -> str:
        if not reply and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return reply or "221 gone"

    return answer


@pytest.mark.parametrize("command", ["rcpt", "data"])
@pytest.mark.parametrize(
    ("code", "verdict"), [(451, Verdict.TRY_AGAIN), (421, Verdict.TRY_AGAIN), (550, Verdict.GIVE_UP)]
)
async def test_replies(command: str, code: int, verdict: Verdict) -> None:
    async with serving(Mailbox(**{command: f"{code} no opensesame"})) as port:
        outcome = await send(port, password="opensesame")
    assert (outcome.verdict, outcome.reason, outcome.code) == (verdict, Reason.SMTP_REPLY, code)
    assert (outcome.error, outcome.answer) == (f"{code} no ******", "no ******")


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ((b"554 go away\r\n",), Reason.SMTP_REPLY),
        ((b"421 later\r\n",), Reason.SMTP_REPLY),
        ((b"",), Reason.NETWORK),
        ((b"nonsense\r\n", b""), Reason.NETWORK),
        ((b"220 hi\r\n", b"250 ok\r\n", b"25"), Reason.NETWORK),
        ((b"220 hi\r\n", b"250 ok\r\n", b"451 \xff\0no\r\n", b"250 ok\r\n"), Reason.SMTP_REPLY),
    ],
)
async def test_odd_servers(replies: tuple[bytes, ...], reason: Reason) -> None:
    async with saying(*replies) as port:
        if replies == (b"",):
            port = 1  # nobody there
        outcome = await send(port, timeout=2)
    assert outcome.reason is reason, outcome
    assert outcome.verdict is (Verdict.GIVE_UP if outcome.code == 554 else Verdict.TRY_AGAIN)
    outcome.answer.encode()


async def test_a_silent_server() -> None:
    async with saying(b"220 hi\r\n", None) as port:
        outcome = await send(port, timeout=1)
    assert (outcome.verdict, outcome.reason) == (Verdict.TRY_AGAIN, Reason.TIMEOUT)
    assert outcome.error == "not sent within 1 s"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's, from an authority that this process trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("security", [SmtpSecurity.TLS, SmtpSecurity.STARTTLS])
async def test_tls(security: SmtpSecurity, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = Mailbox()
    options = {"tls": certificate} if security is SmtpSecurity.TLS else {"tls_context": certificate}
    async with serving(mailbox, **options) as port:
        assert (await send(port, smtp_security=security)).verdict is Verdict.SENT
        monkeypatch.delenv("SSL_CERT_FILE")
        outcome = await send(port, smtp_security=security)
        assert (outcome.verdict, outcome.reason) == (Verdict.TRY_AGAIN, Reason.NETWORK)
        assert "certificate" in outcome.error
        assert (await send(port, smtp_security=security, smtp_verify=False)).verdict is Verdict.SENT
    assert len(mailbox.envelopes) == 2
    assert security is SmtpSecurity.TLS or mailbox.sessions[0].ssl is not None


async def test_none_is_none(certificate: ssl.SSLContext) -> None:
    mailbox = Mailbox()
    async with serving(mailbox, tls_context=certificate) as port:
        assert (await send(port)).verdict is Verdict.SENT
    assert mailbox.sessions[0].ssl is None


@pytest.mark.parametrize("security", [SmtpSecurity.TLS, SmtpSecurity.STARTTLS])
async def test_a_server_without_tls_gets_nothing(security: SmtpSecurity) -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as port:
        outcome = await send(port, smtp_security=security, timeout=2)
    assert outcome.verdict is Verdict.TRY_AGAIN, outcome
    assert mailbox.envelopes == []


@pytest.mark.parametrize(("password", "is_sent"), [("opensesame", True), ("wrong-one", False)])
async def test_login(password: str, is_sent: bool, certificate: ssl.SSLContext) -> None:
    mailbox = Mailbox()
    options: dict[str, Any] = {"authenticator": authenticate, "auth_required": True, "tls_context": certificate}
    async with serving(mailbox, **options) as port:
        outcome = await send(port, smtp_security=SmtpSecurity.STARTTLS, username="bob", password=password)
    if is_sent:
        assert outcome.verdict is Verdict.SENT
    else:
        assert (outcome.verdict, outcome.reason, outcome.code) == (Verdict.GIVE_UP, Reason.SMTP_REPLY, 535)


async def test_a_server_without_login() -> None:
    async with serving(Mailbox()) as port:
        outcome = await send(port, username="bob", password="opensesame")
    assert (outcome.verdict, outcome.reason) == (Verdict.TRY_AGAIN, Reason.NETWORK)
    assert "AUTH" in outcome.error


async def test_nobody_there() -> None:
    outcome = await send(1)
    assert (outcome.verdict, outcome.reason) == (Verdict.TRY_AGAIN, Reason.NETWORK)
    assert outcome.error == "cannot connect to 127.0.0.1:1: Connection refused"
