"""Edits of a file's bytes, as editors, merges, transfers and mistakes make them."""

from collections.abc import Callable

from hypothesis import strategies as st

from tests.example import EXAMPLE
from tests.unit.settings_file import delivery_toml

RICH = delivery_toml(
    """\
repository.url = "https://github.com/example/yawl-delivery"
pipeline.notification_email = "team@example.com"
pipeline.chat = { workspace_id = "T012ABCDEFG", channel_id = "C012ABCDEFG" }
pipeline.tags.owner = 'platform team'
compliance.standards = ["nist-800-53-r5", "hipaa-security"]
environments.prod.further_regions = { eu-west-1 = 2 }
environments.prod.network.public_subnets = ["10.0.1.0/24", "10.0.2.0/24"]
environments.prod.deployment_window = { days = "MON-THU", hours = "9-15", time_zone = "Europe/Berlin" }
environments.prod.accepted_changes.0123456789ab = { stack = "data", subject = "D", reason = "Überführt: “es muss”" }
environments.prod.tasks = { min = 2, max = 4, heap = "1g" }
"""
).encode()
FILES = (EXAMPLE.read_bytes(), RICH)

PIECES = (
    *(
        text.encode()
        for text in ("\ufeff", "\0", "\u202e", "\u2028", "\x85", "e\u0301", "é", "🙂", "\ufffe", "\U0001d491", "\ufb01")
    ),
    *(b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\x80", b"\r", b"\x0c", b"\x1b[31m", b"\x7f", b"\n", b"\t"),
    *(b'"', b"'", b'"""', b"[", b"]", b"[[", b"{", b"}", b"#", b"=", b",", b".", b"\\", b" ", b"-", b"0"),
    *(rb"\ud800", rb"\U0010FFFF", rb"\u0000", b"<<<<<<< HEAD\n", b"[environments]\n", b"[pipeline]\n", b"[[image]]\n"),
    *(b"9" * 5000, b"0x" + b"f" * 5000, b"-" + b"9" * 400, b"1e999", b"nan", b"-inf", b"0.1", b"0o17", b"1_000"),
    *(b"1979-05-27T07:32:00Z", b"1979-05-27", b"07:32:00", b"24:00:00", b"2026-02-30", b"true", b"''", b"{}", b"[]"),
    *(b"[" * 3000, b"{a=" * 3000, b"a." * 500 + b"a", b"[" * 50 + b"]" * 50, b'"' + b"x" * 70_000 + b'"'),
)
"""What is put into the file or takes a value's place."""


def _flipped(text: bytes, at: int, number: int, _: bytes) -> bytes:
    at %= len(text)
    return text[:at] + bytes([text[at] ^ (1 << number % 8)]) + text[at + 1 :]


def _inserted(text: bytes, at: int, _: int, piece: bytes) -> bytes:
    at %= len(text) + 1
    return text[:at] + piece + text[at:]


def _cut(text: bytes, at: int, number: int, _: bytes) -> bytes:
    at %= len(text)
    return text[:at] + text[at + 1 + number % 40 :]


def _truncated(text: bytes, at: int, *_: object) -> bytes:
    return text[: at % len(text)]


def _dropped(text: bytes, at: int, *_: object) -> bytes:
    lines = text.splitlines(keepends=True)
    del lines[at % len(lines)]
    return b"".join(lines)


def _repeated(text: bytes, at: int, number: int, _: bytes) -> bytes:
    lines = text.splitlines(keepends=True)
    lines.insert(number % (len(lines) + 1), lines[at % len(lines)])
    return b"".join(lines)


def _swapped(text: bytes, at: int, number: int, _: bytes) -> bytes:
    lines = text.splitlines(keepends=True)
    one, other = at % len(lines), number % len(lines)
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _with_another_value(text: bytes, at: int, _: int, piece: bytes) -> bytes:
    lines = text.splitlines(keepends=True)
    key, equals, _value = lines[at % len(lines)].partition(b" = ")
    lines[at % len(lines)] = key + equals + piece + b"\n"
    return b"".join(lines)


def _encoded(text: bytes, at: int, *_: object) -> bytes:
    encoding = ("utf-16", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-8-sig", "utf-7")[at % 7]
    return text.decode("utf-8", "replace").encode(encoding, "replace")


def _with_other_line_ends(text: bytes, at: int, *_: object) -> bytes:
    return text.replace(b"\n", (b"\r\n", b"\r", b"\n\n", b" ")[at % 4])


def with_piece(text: bytes, piece: bytes) -> tuple[bytes, ...]:
    """Return the file with a piece at its start, at its end, and as the value of its first key."""
    return piece + text, text + piece, _with_another_value(text, 0, 0, piece)


_EDITS: tuple[Callable[[bytes, int, int, bytes], bytes], ...] = (
    _flipped,
    _inserted,
    _cut,
    _truncated,
    _dropped,
    _repeated,
    _swapped,
    # More often, because most other edits leave no valid TOML.
    *[_with_another_value] * 4,
    _encoded,
    _with_other_line_ends,
)
_NUMBERS = st.integers(0, 9999)
_EDIT = st.tuples(st.sampled_from(_EDITS), _NUMBERS, _NUMBERS, st.sampled_from(PIECES))


@st.composite
def edited_files(draw: st.DrawFn) -> bytes:
    """Draw a valid file with one to four edits."""
    text = draw(st.sampled_from(FILES))
    for edit, at, number, piece in draw(st.lists(_EDIT, min_size=1, max_size=4)):
        text = edit(text, at, number, piece) if text else piece
    return text
