"""The app's front: what it does with settings it cannot use."""

from pathlib import Path

import pytest


def test_mistakes_in_the_settings_are_named_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline_app import main

    (tmp_path / "delivery.toml").write_text("[pipeline]\naccount = 1\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "delivery.toml: pipeline.account: " in printed.err
    assert "Traceback" not in printed.err
