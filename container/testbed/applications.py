"""Replaces parts of the image for tasks in the testbed: a fake engine, Debian's Tomcat, faster Java options."""

import asyncio
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from testbed.system_packages import SystemPackages

SOURCES: Final = Path(__file__).parent / "applications"
TOMCAT_LIBRARIES: Final = (
    *("annotations-api", "catalina", "jaspic-api", "servlet-api", "tomcat-api", "tomcat-coyote", "tomcat-jni"),
    *("tomcat-util", "tomcat-util-scan"),
)
"""Tomcat libraries needed for a servlet; without JSP, WebSocket and clustering Tomcat starts in half the time."""
JAVA_OPTIONS: Final = (
    # Optimize for start-up time: many engines start here, on few cores.
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    # No library here contains anything for Tomcat to discover.
    " '-Dtomcat.util.scan.StandardJarScanFilter.jarsToSkip=*'"
)
MANIFEST_LINE: Final = 70
ENGINE_SHARE: Final = 0.6
"""The engine's share of the start's CPU time; the resource service uses the rest. YAWL's own shares are unknown."""


class CompilationError(Exception):
    """The engine's source does not compile."""


@dataclass(frozen=True)
class Applications:
    """Folders of one build; several testbeds may share them."""

    folder: Path

    @property
    def webapps(self) -> Path:
        """The unpacked wars."""
        return self.folder / "webapps"

    @property
    def tomcat(self) -> Path:
        """The value for CATALINA_HOME."""
        return self.folder / "tomcat"

    @property
    def java(self) -> Path:
        """The value for JAVA_HOME."""
        return self.folder / "java"

    @property
    def recording_java(self) -> Path:
        """The value for JAVA_HOME of an engine that records its classes; later engines start from them."""
        return self.folder / "recording-java"

    @property
    def archive(self) -> Path:
        """Archive of recorded classes; optional."""
        return self.folder / "classes.jsa"


@dataclass(frozen=True, kw_only=True)
class StartCost:
    """What starting both applications costs, in addition to Tomcat's start."""

    wait_seconds: float = 1.0
    """Time the engine waits."""
    cpu_seconds: float = 0.0
    """CPU time of both applications."""
    fails: bool = False
    """Whether the resource service fails to start."""


async def build(packages: SystemPackages, *, folder: Path, start: StartCost) -> Applications:
    """Build the applications in `folder`; raises CompilationError."""
    built = Applications(folder)
    values = {
        "START_SECONDS": f"{start.wait_seconds:g}",
        "ENGINE_CPU_SECONDS": f"{start.cpu_seconds * ENGINE_SHARE:g}",
        "RESOURCE_SERVICE_CPU_SECONDS": f"{start.cpu_seconds * (1 - ENGINE_SHARE):g}",
        "FAILS_TO_START": str(start.fails).lower(),
    }
    for name in ("yawl", "resourceService"):
        information = built.webapps / name / "WEB-INF"
        information.mkdir(parents=True)
        descriptor = (SOURCES / name / "WEB-INF" / "web.xml").read_text(encoding="utf-8")
        for placeholder, value in values.items():
            descriptor = descriptor.replace(f"@{placeholder}@", value)
        (information / "web.xml").write_text(descriptor, encoding="utf-8")
    _arrange_tomcat(packages, home=built.tomcat)
    shared = f"$([ ! -f '{built.archive}' ] || echo '-XX:SharedArchiveFile={built.archive} -Xlog:cds=off')"
    _write_java(packages, home=built.java, options=shared)
    _write_java(
        packages, home=built.recording_java, options=f"'-XX:ArchiveClassesAtExit={built.archive}' -Xlog:cds=off"
    )
    classes = built.webapps / "yawl" / "WEB-INF" / "classes"
    # Tomcat's JSP compiler: works with a runtime without javac.
    process = await asyncio.create_subprocess_exec(
        *(str(packages.java), "-XX:TieredStopAtLevel=1", "-classpath", str(packages.compiler)),
        *("org.eclipse.jdt.internal.compiler.batch.Main", "-source", "17", "-target", "17", "-proc:none", "-nowarn"),
        *("-classpath", str(packages.tomcat / "lib" / "servlet-api.jar"), "-d", str(classes)),
        *(str(SOURCES / "yawl" / "Engine.java"), str(SOURCES / "resourceService" / "ResourceService.java")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise CompilationError(output.decode(errors="replace"))
    shutil.copytree(classes, built.webapps / "resourceService" / "WEB-INF" / "classes")
    return built


def _arrange_tomcat(packages: SystemPackages, *, home: Path) -> None:
    """Arrange Debian's Tomcat like Tomcat's own archive, but with all libraries and the driver on the class path.

    Java's class archive contains only classes from the class path, none from Tomcat's class loaders.
    """
    binaries, libraries = home / "bin", home / "lib"
    binaries.mkdir(parents=True)
    libraries.mkdir()
    # Debian has conf/ in the package of the systemd service, which is not installed.
    shutil.copytree(SOURCES / "conf", home / "conf")
    (binaries / "tomcat-juli.jar").symlink_to(packages.tomcat / "bin" / "tomcat-juli.jar")
    (libraries / "postgresql.jar").symlink_to(packages.driver)
    for library in TOMCAT_LIBRARIES:
        (libraries / f"{library}.jar").symlink_to(packages.tomcat / "lib" / f"{library}.jar")
    names = " ".join(f"../lib/{library}.jar" for library in (*TOMCAT_LIBRARIES, "postgresql"))
    with (
        zipfile.ZipFile(packages.tomcat / "bin" / "bootstrap.jar") as theirs,
        zipfile.ZipFile(binaries / "bootstrap.jar", "w") as ours,
    ):
        ours.writestr("META-INF/MANIFEST.MF", _manifest(f"Class-Path: {names}"))
        for name in theirs.namelist():
            if not name.startswith("META-INF/"):
                ours.writestr(name, theirs.read(name))


def _manifest(entry: str) -> str:
    """Return a manifest with one entry, wrapped as the format requires."""
    lines = [entry[start : start + MANIFEST_LINE] for start in range(0, len(entry), MANIFEST_LINE)]
    return "Manifest-Version: 1.0\n" + "\n ".join(lines) + "\n\n"


def _write_java(packages: SystemPackages, *, home: Path, options: str) -> None:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {packages.java} {JAVA_OPTIONS} {options} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
