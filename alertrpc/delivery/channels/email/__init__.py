"""Media types that send e-mails through an SMTP server."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from alertrpc.configuration.channel_values import email_address, host_name
from alertrpc.configuration.media_types import key
from alertrpc.configuration.values import boolean, one_of, text
from alertrpc.delivery.channels.email.addresses import addresses_of
from alertrpc.delivery.protocol import Channel
from alertrpc.delivery.secrets import base64_forms
from alertrpc.records import SMTP_SECURITIES, MediaType, SmtpSecurity
from alertrpc.values import number


def _open(*given: object) -> AbstractAsyncContextManager[Channel]:
    from alertrpc.delivery.channels.email.sending import EmailChannel  # its library takes long to import

    return nullcontext(EmailChannel())


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailMediaType(MediaType):
    kind, zabbix_type, channel = "email", 0, staticmethod(_open)

    smtp_server: str = key(host_name, column="smtp_server")
    smtp_port: int = key(number(1, 65535), 25, column="smtp_port")
    smtp_email: str = key(email_address, column="smtp_email")
    smtp_helo: str = key(host_name, "", column="smtp_helo")
    smtp_security: SmtpSecurity = key(one_of(SMTP_SECURITIES), SmtpSecurity.NONE, column="smtp_security")
    smtp_verify: bool = key(boolean, True, column="smtp_verify_peer")
    username: str = key(text(0, 255), "", column="username")
    password: str = key(text(0, 255), "", column="passwd", is_secret=True)

    @staticmethod
    def check_sendto(sendto: str) -> None:
        addresses_of(sendto)

    def secrets(self) -> Iterator[str]:
        """The password as SMTP carries it: servers repeat it when they refuse it."""
        if self.password:
            for login in (self.password, f"\0{self.username}\0{self.password}", f"{self.username}:{self.password}"):
                yield from base64_forms(login.encode("utf-8", "replace"))


KIND = EmailMediaType
