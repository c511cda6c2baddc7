"""Faults of certificates, and the tests that detect them."""

import datetime
import ssl

import pytest
import trustme

from tests.faulty_http_server import healthy, serve
from tests.integration_faults.load_balancer_under_test import (
    FORBIDDEN,
    NAME,
    check_health,
    check_without_fault,
    resolve,
)
from tests.integration_faults.matrix import Recorder

HEALTH = "test_health_path_responds"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        pytest.param(
            "expired",
            "certificate has expired",
            marks=pytest.mark.fault("the certificate has expired", caught_by=HEALTH),
        ),
        pytest.param(
            "self-signed",
            "self-signed certificate",
            marks=pytest.mark.fault("the certificate has signed itself", caught_by=HEALTH),
        ),
        pytest.param(
            "nobody's",
            "unable to get local issuer certificate",
            marks=pytest.mark.fault("nobody trusted signed the certificate", caught_by=HEALTH),
        ),
        pytest.param(
            "another name",
            "Hostname mismatch",
            marks=pytest.mark.fault("the certificate is for another name", caught_by=HEALTH),
        ),
    ],
)
def test_certificate(kind: str, message: str, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, yesterday = trustme.CA(), datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    certificates = {
        "self-signed": trustme.CA(),
        "good": authority.issue_cert(NAME),
        "expired": authority.issue_cert(NAME, not_after=yesterday),
        "nobody's": trustme.CA().issue_cert(NAME),
        "another name": authority.issue_cert("another.example"),
    }
    resolve(monkeypatch, {NAME: ["127.0.0.1"]})

    with serve(healthy(), elsewhere=FORBIDDEN, tls=_context(certificates["good"])) as server:
        recorder.green(lambda: check_without_fault(f"https://{NAME}:{server.port}", authorities=trusted))
    with serve(healthy(), elsewhere=FORBIDDEN, tls=_context(certificates[kind])) as server:
        url = f"https://{NAME}:{server.port}"
        text = recorder.red(lambda: check_health(url, authorities=trusted), message="the certificate is not valid")
    assert message in text


@pytest.mark.fault("the load balancer speaks no TLS where it should", caught_by=HEALTH)
def test_tls_without_tls(recorder: Recorder) -> None:
    with serve(healthy(), elsewhere=FORBIDDEN) as server:
        recorder.green(lambda: check_without_fault(server.url))
        url = server.url.replace("http:", "https:")
        recorder.red(lambda: check_health(url), message="while negotiating TLS")


def _context(certificate: trustme.LeafCert | trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if isinstance(certificate, trustme.CA):
        with certificate.private_key_pem.tempfile() as key, certificate.cert_pem.tempfile() as itself:
            context.load_cert_chain(itself, key)
    else:
        certificate.configure_cert(context)
    return context
