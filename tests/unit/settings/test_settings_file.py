"""`delivery.toml` as a file: missing, not valid TOML, and read quickly."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from settings import Settings, SettingsError, TasksSettings, example_accounts, load
from tests.paths import ROOT
from tests.unit.settings_file import delivery_toml


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a relative path in a new working directory."""
    monkeypatch.chdir(tmp_path)
    return Path("delivery.toml")


UNREADABLE = {
    "x = ": "is not valid TOML: Invalid value (at end of document)",
    'pipeline.account = "1\n2"': "is not valid TOML: Illegal character '\\n' (at line 1, column 22)",
    "pipeline.account = 012": (
        "is not valid TOML: Expected newline or end of document after a statement (at line 1, column 21)"
    ),
    "a = 1\na = 2\n": "is not valid TOML: Cannot overwrite a value (at line 2, column 6)",
    "[pipeline]\n[pipeline]\n": "is not valid TOML: Cannot declare ('pipeline',) twice (at line 2, column 10)",
    "[environments.dev]\n[environments.dev]\n": (
        "is not valid TOML: Cannot declare ('environments', 'dev') twice (at line 2, column 18)"
    ),
    "a = " + "9" * 5000: "has a number with too many digits; shorten it",
    "a = " + "[" * 5000: "is nested too deeply; no value needs more than a few brackets",
    b"a = '\xff'": "is not UTF-8: byte 6 is 0xff; save it as UTF-8",
}


@pytest.mark.parametrize(("text", "output"), UNREADABLE.items(), ids=UNREADABLE.values())
def test_invalid_toml_is_reported_with_its_position(file: Path, text: str | bytes, output: str) -> None:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as raised:
        load(file)
    assert raised.value.problems == (f"delivery.toml: {output}",)


def test_missing_file_and_folder_are_reported(file: Path) -> None:
    with pytest.raises(SettingsError, match=r"^delivery\.toml: does not exist; run this in the folder that has it$"):
        load(file)
    file.mkdir()
    with pytest.raises(SettingsError, match=r"^delivery\.toml: cannot be read: Is a directory$"):
        load(file)


def test_empty_file_lists_the_required_keys(file: Path) -> None:
    file.touch()
    with pytest.raises(SettingsError) as raised:
        load(file)
    assert raised.value.problems == (
        "delivery.toml: repository: missing; must be a table [repository]",
        "delivery.toml: pipeline: missing; must be a table [pipeline]",
        "delivery.toml: image: missing; must be a table [image]",
        "delivery.toml: environments: missing; must be a table [environments.NAME]",
    )


def test_error_names_the_file_as_given(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        load(tmp_path / "elsewhere.toml")
    assert raised.value.problems == (f"{tmp_path}/elsewhere.toml: does not exist; run this in the folder that has it",)


def test_valid_file_keeps_its_order(file: Path) -> None:
    file.write_text(delivery_toml('environments.prod.availability_zones = ["us-east-1c", "us-east-1d"]'))
    settings = load(file)
    assert list(settings.environments) == ["dev", "prod"]
    assert settings.environments["dev"].zones == ("us-east-1a", "us-east-1b")
    assert settings.environments["prod"].zones == ("us-east-1c", "us-east-1d")


def test_byte_order_mark_is_ignored(file: Path) -> None:
    file.write_text(delivery_toml(""), encoding="utf-8-sig")
    assert load(file).pipeline.region == "us-east-1"


def test_former_key_of_off_hours_is_accepted(file: Path) -> None:
    hours = '{ days = "MON-FRI", wake_hour = 7, sleep_hour = 20, time_zone = "UTC" }'
    window = '{ days = "MON-FRI", hours = "8-15", time_zone = "UTC" }'
    read: list[Settings] = []
    for key in ("night", "off_hours"):
        file.write_text(
            delivery_toml(f"environments.dev.tasks.{key} = {hours}\nenvironments.dev.deployment_window = {window}")
        )
        read.append(load(file))
    assert read[0].environments["dev"].tasks.off_hours is not None
    assert read[0].model_dump() == read[1].model_dump()


def test_environments_share_the_release_by_default(file: Path) -> None:
    other = "222222222222.dkr.ecr.us-east-1.amazonaws.com/yawl:7.0.0-rc1"
    file.write_text(delivery_toml(f'environments.dev.image = "{other}"'))
    settings = load(file)
    assert settings.image_of("dev").uri == other
    assert settings.image_of("prod").uri == "111111111111.dkr.ecr.us-east-1.amazonaws.com/yawl:6.1.0"


def test_latest_is_allowed_without_approval(file: Path) -> None:
    latest = "222222222222.dkr.ecr.us-east-1.amazonaws.com/yawl:latest"
    file.write_text(delivery_toml(f'environments.dev.approval = false\nenvironments.dev.image = "{latest}"'))
    assert load(file).image_of("dev").uri == latest


BUILT = f"""\
no image.uri
image.build = true
image.base = "public.ecr.aws/docker/library/tomcat:10.1@sha256:{"0a" * 32}"
image.yawl_version = "6.1"
image.yawl_url = "https://example.com/yawl.zip"
"""


def test_image_can_be_built(file: Path) -> None:
    checksums = f'image.yawl_sha256 = "{"1b" * 32}"\nimage.rds_bundle_sha256 = "{"2c" * 32}"'
    file.write_text(delivery_toml(BUILT + checksums))
    settings = load(file)
    assert settings.image_of("prod").build
    assert settings.warnings() == []
    assert "image.uri" not in dict(example_accounts(settings))


def test_unverified_downloads_warn(file: Path) -> None:
    own = 'environments.prod.image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/yawl:6.1.0"'
    file.write_text(delivery_toml(f"{BUILT}environments.dev.approval = false\n{own}"))
    assert load(file).warnings() == [
        "image.yawl_sha256: missing: the build uses whatever it downloads. "
        "Not allowed for prod or for environments that need an approval",
        "image.rds_bundle_sha256: missing: the build uses whatever it downloads. "
        "Not allowed for prod or for environments that need an approval",
    ]


@pytest.mark.parametrize(
    ("base", "remedy"),
    [
        ("tomcat:10.1", "use public.ecr.aws/docker/library/tomcat:10.1 with its digest"),
        ("library/tomcat:10.1", "use public.ecr.aws/docker/library/tomcat:10.1 with its digest"),
        ("docker.io/library/tomcat:10.1", "use public.ecr.aws/docker/library/tomcat:10.1 with its digest"),
        ("index.docker.io/bitnami/tomcat:10.1", "copy the image to Amazon ECR, and use it there"),
        (
            "registry.hub.docker.com/library/tomcat:10.1",
            "use public.ecr.aws/docker/library/tomcat:10.1 with its digest",
        ),
        ("bitnami/tomcat:10.1", "copy the image to Amazon ECR, and use it there"),
        ("public.ecr.aws/docker/library/tomcat:10.1", None),
        ("111111111111.dkr.ecr.us-east-1.amazonaws.com/tomcat:10.1", None),
        ("registry:5000/tomcat:10.1", None),
    ],
)
def test_base_image_of_docker_hub_warns(file: Path, base: str, remedy: str | None) -> None:
    checksums = f'image.yawl_sha256 = "{"1b" * 32}"\nimage.rds_bundle_sha256 = "{"2c" * 32}"'
    changes = BUILT.replace("public.ecr.aws/docker/library/tomcat:10.1", base)
    file.write_text(delivery_toml(changes + checksums))
    warnings = load(file).warnings()
    assert [line.rpartition('"toomanyrequests": ')[2] for line in warnings] == ([remedy] if remedy else [])


OFF_HOURS = """\
environments.dev.tasks.off_hours = { days = "MON-FRI", wake_hour = 7, sleep_hour = 22, time_zone = "ZONE" }
environments.dev.deployment_window = { days = "MON-FRI", hours = "9-15", time_zone = "ZONE" }"""
RISKY: dict[str, list[str]] = {
    "environments.prod.approval = false": [
        "environments.prod.approval: is false: every push reaches prod without anyone's approval"
    ],
    "environments.prod.retain_data = false": [
        "environments.prod.retain_data: is false: the data of prod is deleted with its stacks, and nothing protects it "
        "from deletion"
    ],
    'environments.late = { account = "555555555555", region = "us-east-1" }': [
        "environments.prod: is delivered before late, which therefore cannot test a release first: tables are in the "
        "order of delivery"
    ],
    'environments.prod-eu = { account = "555555555555", region = "eu-west-1" }': [],
    "environments.dev.retain_data = false": [],
    OFF_HOURS.replace("ZONE", "US/Eastern"): [
        'environments.dev.tasks.off_hours.time_zone: "US/Eastern" is another name of America/New_York, and AWS '
        "documents only canonical names for scheduled scaling: use that one, here and in deployment_window"
    ],
    **{OFF_HOURS.replace("ZONE", zone): [] for zone in ("America/New_York", "UTC", "Etc/GMT+9", "Europe/Oslo")},
}


@pytest.mark.parametrize("setting", RISKY)
def test_what_is_risky_is_warned_about(file: Path, setting: str) -> None:
    file.write_text(delivery_toml(setting))
    assert load(file).warnings() == RISKY[setting]


@pytest.mark.parametrize(
    ("cpu", "takeover", "grace"),
    [
        pytest.param(4096, 95, 160, id="90 s were measured, with one processor busy"),
        pytest.param(1024, 95, 160, id="one vCPU is enough"),
        pytest.param(512, 185, 250, id="half of one takes twice as long"),
    ],
)
def test_start_timeout_covers_the_measured_start(cpu: int, takeover: int, grace: int) -> None:
    tasks = TasksSettings(cpu=cpu, memory=4096 if cpu == 512 else 8192)
    assert (tasks.takeover, tasks.startup_grace) == (takeover, grace)
    assert TasksSettings(startup_grace_seconds=90).startup_grace == 90


def test_repository_settings_are_valid() -> None:
    assert load(ROOT / "delivery.toml").environments


def test_example_accounts_are_found_everywhere(file: Path) -> None:
    file.write_text(
        delivery_toml(
            'pipeline.account = "210987654321"\n'
            'environments.prod.account = "123456789012"\n'
            'environments.dev.account = "210987654322"\n'
            'environments.dev.image = "777788889999.dkr.ecr.us-east-1.amazonaws.com/yawl:1"'
        )
    )
    assert example_accounts(load(file)) == [
        ("repository.connection_arn", "111111111111"),
        ("image.uri", "111111111111"),
        ("environments.dev.image", "777788889999"),
        ("environments.prod.account", "123456789012"),
    ]


def test_settings_are_immutable(file: Path) -> None:
    attribute = "max"
    file.write_text(delivery_toml(""))
    tasks = load(file).environments["prod"].tasks
    with pytest.raises(ValidationError, match="frozen"):
        setattr(tasks, attribute, 9)


def test_rules_apply_to_settings_built_in_code() -> None:
    with pytest.raises(ValidationError, match=r"max: 2 is below tasks\.min 3"):
        TasksSettings(min=3, max=2)
    with pytest.raises(ValidationError, match="environments"):
        Settings.model_validate({"environments": {}})


def test_reading_settings_imports_little() -> None:
    code = "import settings, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    modules = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path = {sys.path!r}; {code}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    foreign = set(modules) - set(sys.stdlib_module_names) - {"__main__"}
    assert {name for name in foreign if not name.startswith("_")} == {
        "settings",
        "cloud_assembly",
        "pydantic",
        "pydantic_core",
        "annotated_types",
        "typing_extensions",
        "typing_inspection",
        "tzdata",
    }
