"""TLS for any host name, with certificates of an authority whose key is in memory only."""

import ssl

import trustme
from hypercorn.config import Config
from typing_extensions import override

FALLBACK_NAME = "localhost"
"""The certificate's name if the client sends no server name."""


class Authority:
    """A throwaway certificate authority."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="Rehearsal of this machine")
        self._contexts: dict[str, ssl.SSLContext] = {}

    @property
    def certificate(self) -> str:
        """The authority's own certificate, in PEM."""
        return self._authority.cert_pem.bytes().decode()

    def context(self, name: str) -> ssl.SSLContext:
        """Return the TLS context of a server with this name."""
        if name not in self._contexts:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols(["h2", "http/1.1"])
            self._authority.issue_cert(name).configure_cert(context)
            self._contexts[name] = context
        return self._contexts[name]


class TlsConfig(Config):
    """The server's settings, with a certificate for whatever name a client asks for."""

    def __init__(self, authority: Authority) -> None:
        super().__init__()
        self._authority = authority

    @property
    @override
    def ssl_enabled(self) -> bool:
        return True

    @override
    def create_ssl_context(self) -> ssl.SSLContext:
        context = self._authority.context(FALLBACK_NAME)
        context.sni_callback = self._choose
        return context

    def _choose(self, connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        if name:
            connection.context = self._authority.context(name.lower())
