"""Sends an alert as an e-mail, through the media type's SMTP server."""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate
from typing import NamedTuple

import aiosmtplib

from alertrpc.delivery.certificates import Contexts
from alertrpc.delivery.channels.email import EmailMediaType
from alertrpc.delivery.channels.email.addresses import LONGEST_LINE, address_of, addresses_of
from alertrpc.delivery.channels.email.headers import mailboxes_header, text_header
from alertrpc.delivery.connecting import connection_fault
from alertrpc.delivery.evidence import Evidence, of_lines
from alertrpc.delivery.masking import kept_text, one_line, plain
from alertrpc.delivery.protocol import Message, Outcome, Reason, Verdict, failed, sent
from alertrpc.ledger.messages import LONGEST_SUBJECT, subject_line
from alertrpc.records import SmtpSecurity

DELIVERED_CODE = 250
QUIT_SECONDS = 1.0  # the server has accepted the message by then


class _Mail(NamedTuple):
    """A mail to be sent. If one of the addresses `needs_utf8`, the server must have SMTPUTF8 (RFC 6531)."""

    sender: str
    receivers: list[str]
    needs_utf8: bool
    domain: str
    data: bytes


Refusals = Mapping[str, tuple[int, str]]  # code and text by receiver


class EmailChannel:
    """Opens a connection for each e-mail."""

    def __init__(self) -> None:
        self._contexts = Contexts()

    async def send(self, media_type: EmailMediaType, message: Message) -> Outcome:
        try:
            mail = await asyncio.to_thread(_mail, media_type, message)  # slow if it is long
        except ValueError as error:
            return failed(Verdict.GIVE_UP, Reason.INVALID_MESSAGE, str(error), message.secrets)
        outcome = await self._outcome(media_type, mail, message)
        return replace(outcome, **_request(mail, message)._asdict())

    async def _outcome(self, media_type: EmailMediaType, mail: _Mail, message: Message) -> Outcome:
        secrets = message.secrets
        try:
            async with asyncio.timeout(media_type.timeout):
                refused, answer = await self._send(media_type, mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            refusals = {each.recipient: (each.code, each.message) for each in error.recipients}
            if len(refusals) == 1 and not message.is_remainder:
                return _refused(error.recipients[0], secrets)
            return _refused_by_some(refusals, "", secrets)
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error, secrets)
        except TimeoutError:  # aiosmtplib's timeouts too
            return failed(Verdict.TRY_AGAIN, Reason.TIMEOUT, f"not sent within {media_type.timeout} s", secrets)
        except (aiosmtplib.SMTPException, OSError) as error:
            return failed(Verdict.TRY_AGAIN, Reason.NETWORK, _network_fault(media_type, error), secrets)
        except ValueError as error:
            return failed(Verdict.GIVE_UP, Reason.INVALID_MESSAGE, str(error), secrets)
        if refused:
            return _refused_by_some(refused, answer, secrets)
        return sent(code=DELIVERED_CODE, answer=kept_text(answer.encode("utf-8", "replace"), secrets))

    async def _send(self, media_type: EmailMediaType, mail: _Mail) -> tuple[Refusals, str]:
        """Returns the receivers that were refused, and the server's reply to the mail."""
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
                refused, answer = await client.sendmail(mail.sender, mail.receivers, mail.data, mail_options=options)
            except aiosmtplib.SMTPNotSupported as error:
                raise ValueError(error.message) from error
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=QUIT_SECONDS)
            return {name: (code, text) for name, (code, text) in refused.items()}, answer
        finally:
            client.close()

    async def _context(self, media_type: EmailMediaType) -> ssl.SSLContext | None:
        if media_type.smtp_security is SmtpSecurity.NONE:
            return None
        return await self._contexts.of("", verify=media_type.smtp_verify)


def _network_fault(media_type: EmailMediaType, error: Exception) -> str:
    """The text of aiosmtplib's error, or of its cause if there was no connection."""
    if isinstance(error, aiosmtplib.SMTPConnectError) and isinstance(error.__cause__, OSError):
        return connection_fault(media_type.smtp_server, media_type.smtp_port, error.__cause__)
    return str(error) or type(error).__name__


def _mail(media_type: EmailMediaType, message: Message) -> _Mail:
    """Raises ValueError if a mail cannot hold an address or the text."""
    sender, receivers = address_of(media_type.smtp_email), addresses_of(message.sendto)
    domain = sender.domain.encode("idna").decode()
    headers = (
        mailboxes_header("From", [sender]),
        mailboxes_header("To", receivers),
        text_header("Subject", subject_line(plain(message.subject[:LONGEST_SUBJECT]))),
        text_header("Date", formatdate()),
        f"Message-ID: <{message.delivery_id}@{domain}>\r\n".encode(),
        text_header("Auto-Submitted", "auto-generated"),
    )
    content = EmailMessage(policy=SMTP_POLICY)
    content.set_content(message.message, cte="7bit" if _is_plain(message.message) else "base64")
    addresses = [receiver.addr_spec for receiver in receivers]
    needs_utf8 = not "".join([sender.addr_spec, *addresses]).isascii()
    return _Mail(sender.addr_spec, addresses, needs_utf8, domain, b"".join((*headers, content.as_bytes())))


def _is_plain(text: str) -> bool:
    return text.isascii() and "\0" not in text and all(len(line) <= LONGEST_LINE for line in text.encode().splitlines())


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


def _refused_by_some(refused: Refusals, answer: str, secrets: tuple[str, ...]) -> Outcome:
    """The outcome if some of several receivers were refused; with an `answer`, the others took the mail.

    Only those whose code is not permanent get another attempt.
    """
    told = "; ".join([f"{receiver}: {code} {text}" for receiver, (code, text) in refused.items()])
    remaining = ", ".join([receiver for receiver, (code, _) in refused.items() if not 500 <= code < 600])
    error, kept = one_line(told, secrets), kept_text((answer or told).encode("utf-8", "replace"), secrets)
    if answer and not remaining:
        return sent(code=DELIVERED_CODE, error=error, answer=kept)
    return Outcome(
        verdict=Verdict.TRY_AGAIN if remaining else Verdict.GIVE_UP,
        reason=Reason.SMTP_REPLY,
        error=error,
        code=next(code for code, _ in refused.values()),
        answer=kept,
        remaining=remaining,
        is_taken=bool(answer),
    )


def _request(mail: _Mail, message: Message) -> Evidence:
    """The envelope and the subject."""
    lines = [f"MAIL FROM:<{mail.sender}>", *[f"RCPT TO:<{receiver}>" for receiver in mail.receivers]]
    return of_lines([*lines, f"Subject: {subject_line(message.subject)}"], message.secrets)
