"""A fake distribution with security headers, a cache for static content and a closed API."""

from collections.abc import Mapping

from tests.faulty_http_server import Behaviour, Request, healthy, respond

HARDENED = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Content-Security-Policy": "base-uri 'self'; frame-ancestors 'self'; object-src 'none'",
}
MISS = {"X-Cache": "Miss from cloudfront", "X-Amz-Cf-Id": "an-id-to-look-for"}
STATIC = "/static/check.txt"
HEALTH = "/resourceService/"


class FakeDistribution:
    """A fake distribution; `faulty` overrides responses by path."""

    def __init__(self, *, faulty: Mapping[str, Behaviour] | None = None, misses: int = 1, without: str = "") -> None:
        self._faulty = dict(faulty or {})
        self._misses = misses
        self._headers = {name: value for name, value in HARDENED.items() if name != without}

    def __call__(self, request: Request) -> Behaviour:
        if request.path in self._faulty:
            return self._faulty[request.path]
        if request.path == HEALTH:
            return healthy(headers=self._headers | MISS)
        if request.path == STATIC:
            self._misses -= 1
            kept = MISS if self._misses >= 0 else {"X-Cache": "Hit from cloudfront", "Age": "3"}
            return respond(200, b"static\n", content_type="text/plain", headers=self._headers | kept)
        return respond(403, headers=MISS)
