"""The programs and libraries of Debian that tasks and their databases need."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NEEDED: Final = {
    "default-jre-headless": ("/usr/bin/java",),
    "tomcat10-common": ("/usr/share/tomcat10/bin/bootstrap.jar", "/usr/share/tomcat10/lib/catalina.jar"),
    "libeclipse-jdt-core-java": ("/usr/share/java/eclipse-jdt-core.jar",),
    "libpostgresql-jdbc-java": ("/usr/share/java/postgresql.jar",),
    "liblog4j2-java": ("/usr/share/java/log4j-api.jar", "/usr/share/java/log4j-core.jar"),
    "postgresql": ("/usr/lib/postgresql/*/bin/initdb", "/usr/lib/postgresql/*/bin/postgres"),
    "haproxy": ("/usr/sbin/haproxy",),
    "redis-server": ("/usr/bin/redis-server",),
    "libfaketime": ("/usr/lib/*/faketime/libfaketimeMT.so.1",),
}
"""Files by package. `tomcat10` is not used: it is a service and needs systemd."""
POLICY: Final = Path("/usr/sbin/policy-rc.d")
"""If this program exists, Debian asks it whether a package may start its service."""


class PackagesMissingError(Exception):
    """Packages are missing; the text names them and says how to install them."""


@dataclass(frozen=True, kw_only=True)
class SystemPackages:
    """The paths of the programs and libraries."""

    java: Path
    tomcat: Path
    compiler: Path
    driver: Path
    postgresql: Path
    """The folder of PostgreSQL's programs."""
    haproxy: Path
    redis: Path
    clock: Path
    """The library that fakes the clock of a program."""


def missing() -> list[str]:
    """Return the packages with missing files."""
    return [package for package, files in NEEDED.items() if not all(_found(file) for file in files)]


def find() -> SystemPackages:
    """Return the packages; raises PackagesMissingError."""
    if packages := missing():
        raise PackagesMissingError(
            f"missing Debian packages: {' '.join(packages)}; install them with: apt-get install {' '.join(packages)}"
        )
    return SystemPackages(
        java=Path("/usr/bin/java"),
        tomcat=Path("/usr/share/tomcat10"),
        compiler=Path("/usr/share/java/eclipse-jdt-core.jar"),
        driver=Path("/usr/share/java/postgresql.jar"),
        postgresql=_newest("/usr/lib/postgresql/*/bin"),
        haproxy=Path("/usr/sbin/haproxy"),
        redis=Path("/usr/bin/redis-server"),
        clock=_newest("/usr/lib/*/faketime/libfaketimeMT.so.1"),
    )


def install() -> None:
    """Install missing packages with apt, without starting services; raises PackagesMissingError if that fails."""
    packages = missing()
    if not packages:
        return
    root: Sequence[str] = () if os.geteuid() == 0 else ("sudo", "-n")
    if shutil.which("apt-get") is None or not _succeeds([*root, "true"]):
        raise PackagesMissingError(
            f"missing Debian packages: {' '.join(packages)}; they are installed for you where apt-get and root's rights"
            " (or sudo without a password) are at hand"
        )
    apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    guarded = not POLICY.exists()
    if guarded:
        _run([*root, "sh", "-c", f"printf '#!/bin/sh\\nexit 101\\n' > {POLICY} && chmod 755 {POLICY}"])
    try:
        _run([*apt, "update"])
        _run([*apt, "install", "--yes", "--no-install-recommends", *packages])
    finally:
        if guarded:
            _run([*root, "rm", "-f", str(POLICY)])
    find()


def _newest(pattern: str) -> Path:
    return max(_found(pattern), key=lambda path: [int(part) for part in path.parts if part.isdecimal()])


def _found(pattern: str) -> list[Path]:
    return list(Path("/").glob(pattern.removeprefix("/")))


def _succeeds(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise PackagesMissingError(f"{' '.join(command)} failed: {last}")
