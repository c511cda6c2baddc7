"""What tasks are given in the image's place: an engine that behaves like YAWL's, Debian's Tomcat, a quicker Java."""

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
"""What serves a servlet; without pages, websockets and clusters Tomcat starts in half the time."""
JAVA_OPTIONS: Final = (
    # Start soon rather than run fast: many engines start here, on few cores.
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    # No library here brings anything that Tomcat would find by looking for it.
    " '-Dtomcat.util.scan.StandardJarScanFilter.jarsToSkip=*'"
)
MANIFEST_LINE: Final = 70
ENGINE_SHARE: Final = 0.6
"""Of a start's processor time; the resource service takes the rest. YAWL's own shares were not measured."""


class CompilationError(Exception):
    """The engine's source does not compile."""


@dataclass(frozen=True)
class Applications:
    """Folders of one build; several testbedes may share them."""

    folder: Path

    @property
    def webapps(self) -> Path:
        """The unpacked wars."""
        return self.folder / "webapps"

    @property
    def tomcat(self) -> Path:
        """What CATALINA_HOME is to name."""
        return self.folder / "tomcat"

    @property
    def java(self) -> Path:
        """What JAVA_HOME is to name."""
        return self.folder / "java"

    @property
    def recording_java(self) -> Path:
        """What JAVA_HOME is to name for an engine whose classes, once it has ended well, all others start from."""
        return self.folder / "recording-java"

    @property
    def archive(self) -> Path:
        """The classes as Java has them in memory, if an engine has recorded them; Java does without if it must."""
        return self.folder / "classes.jsa"


@dataclass(frozen=True, kw_only=True)
class StartCost:
    """What a start of both applications costs, besides Tomcat's own."""

    wait_seconds: float = 1.0
    """How long the engine waits."""
    cpu_seconds: float = 0.0
    """Processor time of both applications."""
    fails: bool = False
    """Whether the resource service fails to start."""


async def build(packages: SystemPackages, *, folder: Path, start: StartCost) -> Applications:
    """Make everything in `folder`."""
    made = Applications(folder)
    values = {
        "START_SECONDS": f"{start.wait_seconds:g}",
        "ENGINE_CPU_SECONDS": f"{start.cpu_seconds * ENGINE_SHARE:g}",
        "RESOURCE_SERVICE_CPU_SECONDS": f"{start.cpu_seconds * (1 - ENGINE_SHARE):g}",
        "FAILS_TO_START": str(start.fails).lower(),
    }
    for name in ("yawl", "resourceService"):
        information = made.webapps / name / "WEB-INF"
        information.mkdir(parents=True)
        descriptor = (SOURCES / name / "WEB-INF" / "web.xml").read_text(encoding="utf-8")
        for placeholder, value in values.items():
            descriptor = descriptor.replace(f"@{placeholder}@", value)
        (information / "web.xml").write_text(descriptor, encoding="utf-8")
    _lay_tomcat_out(packages, home=made.tomcat)
    shared = f"$([ ! -f '{made.archive}' ] || echo '-XX:SharedArchiveFile={made.archive} -Xlog:cds=off')"
    _write_java(packages, home=made.java, options=shared)
    _write_java(packages, home=made.recording_java, options=f"'-XX:ArchiveClassesAtExit={made.archive}' -Xlog:cds=off")
    classes = made.webapps / "yawl" / "WEB-INF" / "classes"
    # The compiler that Tomcat brings for its pages: a runtime without javac is enough.
    process = await asyncio.create_subprocess_exec(
        *(str(packages.java), "-XX:TieredStopAtLevel=1", "-classpath", str(packages.compiler)),
        *("org.eclipse.jdt.internal.compiler.batch.Main", "-source", "17", "-target", "17", "-proc:none", "-nowarn"),
        *("-classpath", str(packages.tomcat / "lib" / "servlet-api.jar"), "-d", str(classes)),
        *(str(SOURCES / "yawl" / "Engine.java"), str(SOURCES / "resourceService" / "ResourceService.java")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise CompilationError(said.decode(errors="replace"))
    shutil.copytree(classes, made.webapps / "resourceService" / "WEB-INF" / "classes")
    return made


def _lay_tomcat_out(packages: SystemPackages, *, home: Path) -> None:
    """Lay Debian's Tomcat out as Tomcat's own archive is, but with all libraries and the driver on the class path.

    Java archives what it has loaded itself, and nothing that a class loader of Tomcat's has.
    """
    binaries, libraries = home / "bin", home / "lib"
    binaries.mkdir(parents=True)
    libraries.mkdir()
    # Debian keeps it with the service, which nobody needs here.
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
    """Return a manifest with one entry; its lines must be short, and go on after a space."""
    lines = [entry[start : start + MANIFEST_LINE] for start in range(0, len(entry), MANIFEST_LINE)]
    return "Manifest-Version: 1.0\n" + "\n ".join(lines) + "\n\n"


def _write_java(packages: SystemPackages, *, home: Path, options: str) -> None:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {packages.java} {JAVA_OPTIONS} {options} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
