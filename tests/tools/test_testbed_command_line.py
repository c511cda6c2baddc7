"""The testbed's messages and exit codes when it cannot start or need not."""

import sys
from pathlib import Path

import pytest

from testbed import __main__ as command_line
from testbed import system_packages

MISSING = {
    "a-package-nobody-has": ("/nonexistent/file",),
    "a-package-with-a-pattern": ("/nonexistent/*/file",),
    "a-package-that-is-there": ("/proc/self/status", "/proc/self/stat*"),
}


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    """Run the command line and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["testbed", *arguments])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    return ended.value.code


@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_missing_packages_are_reported_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(system_packages, "NEEDED", MISSING)
    assert run(monkeypatch, *arguments) == command_line.PACKAGES_MISSING
    packages = "a-package-nobody-has a-package-with-a-pattern"
    output = f"testbed: missing Debian packages: {packages}; install them with: apt-get install {packages}\n"
    assert capsys.readouterr().err == output


def test_failed_installation_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(system_packages, "NEEDED", MISSING)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert run(monkeypatch, "--install") == command_line.PACKAGES_MISSING
    assert "a-package-nobody-has a-package-with-a-pattern; they are installed for you where" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (("--tasks", "0"), "--tasks: at least one"),
        (("--tasks", "many"), "invalid int value: 'many'"),
        (("--credentials-file", "/nonexistent"), "--credentials-file: /nonexistent is not JSON with username and"),
    ],
)
def test_wrong_usage_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], output: str
) -> None:
    assert run(monkeypatch, *arguments) == 2
    assert output in capsys.readouterr().err


def test_invalid_credentials_file_shows_no_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "credentials.json"
    file.write_text('{"username": "operator", "pass": "hidden-secret"}')
    assert run(monkeypatch, "--credentials-file", str(file)) == 2
    assert "hidden-secret" not in capsys.readouterr().err
