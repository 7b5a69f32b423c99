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

from aiosmtplib import (
    SMTP,
    SMTPConnectError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from alertrpc.delivery.channels.email import EmailMediaType
from alertrpc.delivery.channels.email.headers import mailbox_header, text_header
from alertrpc.delivery.connecting import connection_fault
from alertrpc.delivery.masking import kept_text, one_line, plain
from alertrpc.delivery.message import Message
from alertrpc.delivery.outcome import Outcome, Reason, Verdict, failed, sent
from alertrpc.delivery.secrets import secrets_of
from alertrpc.ledger.messages import LONGEST_SUBJECT, subject_line
from alertrpc.records import SmtpSecurity

DELIVERED_CODE = 250
QUIT_SECONDS = 1.0  # the message is taken by then
HARMLESS_DEFECTS = (errors.NonASCIILocalPartDefect, errors.ObsoleteHeaderDefect)
LONGEST_LINE = 900  # SMTP takes 998 bytes
LONGEST_ADDRESS = 1024  # characters, as in the configuration; the parser takes long over more


class _Mail(NamedTuple):
    """A mail as it is sent; an address that `needs_utf8` goes to servers with SMTPUTF8 alone (RFC 6531)."""

    sender: str
    receiver: str
    needs_utf8: bool
    domain: str
    data: bytes


class EmailChannel:
    """One connection an e-mail."""

    def __init__(self) -> None:
        self._contexts: dict[bool, ssl.SSLContext] = {}

    async def send(self, media_type: EmailMediaType, message: Message) -> Outcome:
        secrets = secrets_of(media_type)
        try:
            async with asyncio.timeout(media_type.timeout):
                mail = await asyncio.to_thread(_mail, media_type, message)  # a long one takes long
                answer = await self._send(media_type, mail)
        except SMTPRecipientsRefused as error:
            return _refused(error.recipients[0], secrets)
        except SMTPResponseException as error:
            return _refused(error, secrets)
        except TimeoutError:  # aiosmtplib's are of this kind too
            return failed(Verdict.TRY_AGAIN, Reason.TIMEOUT, f"not sent within {media_type.timeout} s", secrets)
        except (SMTPException, OSError) as error:
            return failed(Verdict.TRY_AGAIN, Reason.NETWORK, _network_fault(media_type, error), secrets)
        except ValueError as error:
            return failed(Verdict.GIVE_UP, Reason.INVALID_MESSAGE, str(error), secrets)
        return sent(code=DELIVERED_CODE, answer=kept_text(answer.encode("utf-8", "replace"), secrets))

    async def _send(self, media_type: EmailMediaType, mail: _Mail) -> str:
        """What the server said when it took the mail."""
        client = SMTP(
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
            except SMTPNotSupported as error:
                raise ValueError(error.message) from error
            with contextlib.suppress(SMTPException, OSError, TimeoutError):
                await client.quit(timeout=QUIT_SECONDS)
            return answer
        finally:
            client.close()

    async def _context(self, media_type: EmailMediaType) -> ssl.SSLContext | None:
        """Made once, beside the event loop: the system's certificates take long to load."""
        if media_type.smtp_security is SmtpSecurity.NONE:
            return None
        context = self._contexts.get(media_type.smtp_verify)
        if context is None:
            context = await asyncio.to_thread(_new_context, media_type.smtp_verify)
            self._contexts[media_type.smtp_verify] = context
        return context


def _network_fault(media_type: EmailMediaType, error: Exception) -> str:
    """`error` is what aiosmtplib raised; of a connection that did not come about, its cause says more."""
    if isinstance(error, SMTPConnectError) and isinstance(error.__cause__, OSError):
        return connection_fault(media_type.smtp_server, media_type.smtp_port, error.__cause__)
    return str(error) or type(error).__name__


def _new_context(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _mail(media_type: EmailMediaType, message: Message) -> _Mail:
    """Raises ValueError when an address or the text cannot be in a mail."""
    sender, receiver = _address(media_type.smtp_email), _address(message.sendto)
    domain = _ascii_domain(sender)
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
    if not text.isascii() or "\0" in text:
        return False
    return all(len(line) <= LONGEST_LINE for line in text.encode().splitlines())


def _address(text: str) -> Address:
    """The one address of a text such as `Ops <ops@example.com>`. Raises ValueError."""
    if len(text) > LONGEST_ADDRESS:
        raise ValueError(f"an address is longer than {LONGEST_ADDRESS} characters")
    if not text.isprintable():
        raise ValueError(f"not an address: {text!r}")
    try:
        header = SMTP_POLICY.header_factory("To", text)
        (group,) = header.groups  # an address by itself is a group without a name
        (address,) = group.addresses
        faults = [fault for fault in header.defects if not isinstance(fault, HARMLESS_DEFECTS)]
    except Exception:  # the parser of the standard library stumbles over some texts
        raise ValueError(f"not one address: {text}") from None
    if faults or group.display_name is not None or not _can_be_written(address):
        raise ValueError(f"not an address: {text}")
    return Address(address.display_name, address.username, address.domain)


def _can_be_written(address: Address) -> bool:
    """Whether its parts, which the parser may have decoded, are texts that a header can hold and nobody decodes again."""
    if not address.username or not address.domain or not str(address).isprintable():
        return False
    return "=?" not in address.addr_spec and len(address.addr_spec.encode()) <= LONGEST_LINE


def _ascii_domain(address: Address) -> str:
    return address.domain.encode("idna").decode()


def _refused(error: SMTPResponseException, secrets: tuple[str, ...]) -> Outcome:
    """By the code: 5xx is for good, and what is no code of SMTP is a fault of the connection."""
    answer = kept_text(error.message.encode("utf-8", "replace"), secrets)
    verdict = Verdict.GIVE_UP if 500 <= error.code < 600 else Verdict.TRY_AGAIN
    return Outcome(
        verdict=verdict,
        reason=Reason.SMTP_REPLY if 200 <= error.code < 600 else Reason.NETWORK,
        error=one_line(f"{error.code} {answer}", secrets),
        code=error.code,
        answer=answer,
    )
