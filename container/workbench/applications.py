"""The unpacked wars that tasks are given: an engine that behaves like YAWL's, compiled here from its source."""

import asyncio
import shutil
from pathlib import Path
from typing import Final

from workbench.parts import Parts

SOURCES: Final = Path(__file__).parent / "applications"
TOMCAT_LIBRARIES: Final = (
    *("annotations-api", "catalina", "jaspic-api", "servlet-api", "tomcat-api", "tomcat-coyote", "tomcat-jni"),
    *("tomcat-util", "tomcat-util-scan"),
)
"""What serves a servlet; without pages, websockets and clusters Tomcat starts in half the time."""
JAVA_OPTIONS: Final = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Start soon rather than run fast: many engines start here, on few cores."""


class CompilationError(Exception):
    """The engine's source does not compile."""


async def build(parts: Parts, *, folder: Path, start_seconds: float) -> Path:
    """Write the folder of unpacked wars, and return it; the engine takes `start_seconds` to start."""
    webapps = folder / "webapps"
    shutil.copytree(SOURCES / "resourceService", webapps / "resourceService")
    information = webapps / "yawl" / "WEB-INF"
    (information / "lib").mkdir(parents=True)
    shutil.copyfile(parts.driver, information / "lib" / "postgresql.jar")
    descriptor = (SOURCES / "yawl" / "WEB-INF" / "web.xml").read_text(encoding="utf-8")
    (information / "web.xml").write_text(descriptor.replace("@START_SECONDS@", f"{start_seconds:g}"), encoding="utf-8")
    # The compiler that Tomcat brings for its pages: a runtime without javac is enough.
    process = await asyncio.create_subprocess_exec(
        *(str(parts.java), "-XX:TieredStopAtLevel=1", "-classpath", str(parts.compiler)),
        *("org.eclipse.jdt.internal.compiler.batch.Main", "-source", "17", "-target", "17", "-proc:none", "-nowarn"),
        *("-classpath", str(parts.tomcat / "lib" / "servlet-api.jar"), "-d", str(information / "classes")),
        str(SOURCES / "yawl" / "Engine.java"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise CompilationError(said.decode(errors="replace"))
    return webapps


def catalina_home(parts: Parts, *, folder: Path) -> Path:
    """Lay Debian's Tomcat out as Tomcat's own archive is; return the folder."""
    home = folder / "tomcat"
    home.mkdir()
    (home / "bin").symlink_to(parts.tomcat / "bin")
    (home / "lib").mkdir()
    for library in TOMCAT_LIBRARIES:
        (home / "lib" / f"{library}.jar").symlink_to(parts.tomcat / "lib" / f"{library}.jar")
    # Debian keeps it with the service, which nobody needs here.
    shutil.copytree(SOURCES / "conf", home / "conf")
    return home


def java_home(parts: Parts, *, folder: Path) -> Path:
    """Make a Java that starts sooner; return what JAVA_HOME is to name."""
    program = folder / "java" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {parts.java} {JAVA_OPTIONS} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return folder / "java"
