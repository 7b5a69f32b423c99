"""Sends an alert as an e-mail, through the media type's SMTP server."""

import asyncio
import contextlib
import ssl
from email import errors
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate
from typing import NamedTuple

import aiosmtplib

from alertrpc.delivery.channels.email import EmailMediaType
from alertrpc.delivery.channels.email.headers import mailbox_header, text_header
from alertrpc.delivery.connecting import connection_fault
from alertrpc.delivery.masking import kept_text, one_line, plain
from alertrpc.delivery.protocol import Message, Outcome, Reason, Verdict, failed, sent
from alertrpc.delivery.secrets import secrets_of
from alertrpc.ledger.messages import LONGEST_SUBJECT, subject_line
from alertrpc.records import SmtpSecurity

DELIVERED_CODE = 250
QUIT_SECONDS = 1.0  # the server has accepted the message by then
HARMLESS_DEFECTS = (errors.NonASCIILocalPartDefect, errors.ObsoleteHeaderDefect)
LONGEST_LINE = 900  # SMTP allows 998 bytes
LONGEST_ADDRESS = 1024  # characters, as in the configuration; the parser is slow with more


class _Mail(NamedTuple):
    """A mail to be sent. If an address `needs_utf8`, the server must have SMTPUTF8 (RFC 6531)."""

    sender: str
    receiver: str
    needs_utf8: bool
    domain: str
    data: bytes


class EmailChannel:
    """Opens a connection for each e-mail."""

    def __init__(self) -> None:
        self._contexts: dict[bool, ssl.SSLContext] = {}

    async def send(self, media_type: EmailMediaType, message: Message) -> Outcome:
        secrets = secrets_of(media_type)
        try:
            async with asyncio.timeout(media_type.timeout):
                mail = await asyncio.to_thread(_mail, media_type, message)  # slow if it is long
                answer = await self._send(media_type, mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused(error.recipients[0], secrets)
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error, secrets)
        except TimeoutError:  # aiosmtplib's timeouts too
            return failed(Verdict.TRY_AGAIN, Reason.TIMEOUT, f"not sent within {media_type.timeout} s", secrets)
        except (aiosmtplib.SMTPException, OSError) as error:
            return failed(Verdict.TRY_AGAIN, Reason.NETWORK, _network_fault(media_type, error), secrets)
        except ValueError as error:
            return failed(Verdict.GIVE_UP, Reason.INVALID_MESSAGE, str(error), secrets)
        return sent(code=DELIVERED_CODE, answer=kept_text(answer.encode("utf-8", "replace"), secrets))

    async def _send(self, media_type: EmailMediaType, mail: _Mail) -> str:
        """Returns the server's reply to the mail."""
        client = aiosmtplib.SMTP(
            hostname=media_type.smtp_server,
            port=media_type.smtp_port,
            local_hostname=media_type.smtp_helo or mail.domain,
            username=media_type.username or None,
            password=media_type.password if media_type.username else None,
            timeout=media_type.timeout,
            use_tls=media_type.smtp_security is SmtpSecurity.TLS,
            start_tls=media_type.smtp_security is SmtpSecurity.STARTTLS,
            tls_context=await self._context(media_type),
        )
        try:
            await client.connect()
            try:
                options = ["SMTPUTF8"] if mail.needs_utf8 else []
                _, answer = await client.sendmail(mail.sender, [mail.receiver], mail.data, mail_options=options)
            except aiosmtplib.SMTPNotSupported as error:
                raise ValueError(error.message) from error
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=QUIT_SECONDS)
            return answer
        finally:
            client.close()

    async def _context(self, media_type: EmailMediaType) -> ssl.SSLContext | None:
        """Created once, in a thread: loading the system's certificates takes long."""
        if media_type.smtp_security is SmtpSecurity.NONE:
            return None
        verify = media_type.smtp_verify
        if verify not in self._contexts:
            self._contexts[verify] = await asyncio.to_thread(_new_context, verify)
        return self._contexts[verify]


def _network_fault(media_type: EmailMediaType, error: Exception) -> str:
    """The text of aiosmtplib's error, or of its cause if there was no connection."""
    if isinstance(error, aiosmtplib.SMTPConnectError) and isinstance(error.__cause__, OSError):
        return connection_fault(media_type.smtp_server, media_type.smtp_port, error.__cause__)
    return str(error) or type(error).__name__


def _new_context(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _mail(media_type: EmailMediaType, message: Message) -> _Mail:
    """Raises ValueError if a mail cannot hold an address or the text."""
    sender, receiver = _address(media_type.smtp_email), _address(message.sendto)
    domain = sender.domain.encode("idna").decode()
    headers = (
        mailbox_header("From", sender),
        mailbox_header("To", receiver),
        text_header("Subject", subject_line(plain(message.subject[:LONGEST_SUBJECT]))),
        text_header("Date", formatdate()),
        f"Message-ID: <{message.delivery_id}@{domain}>\r\n".encode(),
        text_header("Auto-Submitted", "auto-generated"),
    )
    content = EmailMessage(policy=SMTP_POLICY)
    content.set_content(message.message, cte="7bit" if _is_plain(message.message) else "base64")
    addresses = sender.addr_spec, receiver.addr_spec
    needs_utf8 = not "".join(addresses).isascii()
    return _Mail(*addresses, needs_utf8, domain, b"".join((*headers, content.as_bytes())))


def _is_plain(text: str) -> bool:
    return text.isascii() and "\0" not in text and all(len(line) <= LONGEST_LINE for line in text.encode().splitlines())


def _address(text: str) -> Address:
    """The one address of a text such as `Ops <ops@example.com>`. Raises ValueError."""
    if len(text) > LONGEST_ADDRESS:
        raise ValueError(f"an address is longer than {LONGEST_ADDRESS} characters")
    if not text.isprintable():
        raise ValueError(f"not an address: {text!r}")
    try:
        header = SMTP_POLICY.header_factory("To", text)
        (group,) = header.groups  # a single address is a group without a name
        (address,) = group.addresses
        faults = [fault for fault in header.defects if not isinstance(fault, HARMLESS_DEFECTS)]
    except Exception:  # the standard library's parser fails on some texts
        raise ValueError(f"not one address: {text}") from None
    if faults or group.display_name is not None or not _can_be_written(address):
        raise ValueError(f"not an address: {text}")
    return Address(address.display_name, address.username, address.domain)


def _can_be_written(address: Address) -> bool:
    """Whether a header can hold its parts, which the parser may have decoded, and no reader decodes them again."""
    if not address.username or not address.domain or not str(address).isprintable():
        return False
    return "=?" not in address.addr_spec and len(address.addr_spec.encode()) <= LONGEST_LINE


def _refused(error: aiosmtplib.SMTPResponseException, secrets: tuple[str, ...]) -> Outcome:
    """Codes 5xx are permanent; a code that is not SMTP's is a fault of the connection."""
    answer = kept_text(error.message.encode("utf-8", "replace"), secrets)
    verdict = Verdict.GIVE_UP if 500 <= error.code < 600 else Verdict.TRY_AGAIN
    return Outcome(
        verdict=verdict,
        reason=Reason.SMTP_REPLY if 200 <= error.code < 600 else Reason.NETWORK,
        error=one_line(f"{error.code} {answer}", secrets),
        code=error.code,
        answer=answer,
    )
