"""Records YAWL's classes into an archive that Java starts from, while the image is built.

    python record_classes.py --webapps FOLDER --libraries FOLDER --catalina-home FOLDER ARCHIVE

Loading classes takes half of a start. Java can map them from an archive instead, including those of Tomcat's class
loaders (Java 19 and newer; older versions archive only classes on the class path). The archive comes from a start
without a database, which loads nearly all classes. The image also works without the archive, so a failure here is only
a warning. Exit code: 0.
"""

import argparse
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from supervisor.fencing import EngineLogin
from supervisor.masking import Secrets
from supervisor.tomcat import Tomcat
from supervisor.variables import DatabaseVariables, EngineVariables

ADDRESS: Final = "127.0.0.1"
PORT: Final = 8082
START_SECONDS: Final = 240.0
"""Limit for the start; the classes loaded by then are recorded."""
STOP_SECONDS: Final = 60.0
"""Limit for Java to write the list and exit."""
NOBODY: Final = "nobody"
"""Placeholder user and password: there is neither a database nor a client."""
DUMP_SECONDS: Final = 300.0
REFUSED_LINES: Final = 200
"""Number of refused lines in the class list after which the recording fails."""

_REFUSED = re.compile(r"class list file \S+ (\d+):")


class RecordingError(Exception):
    """The archive could not be created; the text gives the reason."""


def record(tomcat: Tomcat, archive: Path, *, folder: Path, start_seconds: float = START_SECONDS) -> int:
    """Create the archive and return its number of classes; raises RecordingError. `folder` is for temporary files."""
    classes = folder / "classes.list"
    _start_once(tomcat, classes, start_seconds=start_seconds)
    if not classes.is_file():
        raise RecordingError("Java wrote no list of classes")
    return _dump(tomcat, classes, archive)


def _start_once(tomcat: Tomcat, classes: Path, *, start_seconds: float) -> None:
    """Start Tomcat, wait for its first response, and stop it: Java writes the class list meanwhile."""
    tomcat.prepare(login=EngineLogin(user=NOBODY, password=NOBODY), application_name="recording")
    java, *arguments = tomcat.command()
    process = subprocess.Popen(
        [java, f"-XX:DumpLoadedClassList={classes}", *arguments],
        env=dict(tomcat.environment()),
        cwd=tomcat.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + start_seconds
        while process.poll() is None and time.monotonic() < until and not _answers():
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        raise RecordingError(f"Tomcat did not end within {STOP_SECONDS:g} s") from None
    finally:
        process.kill()
        process.wait()


def _answers() -> bool:
    """Whether Tomcat responds, with any status; it does so only after deploying all applications."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(f"http://{ADDRESS}:{PORT}/yawl/ib", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _dump(tomcat: Tomcat, classes: Path, archive: Path) -> int:
    """Have Java write the archive, removing refused lines from the list; return the number of classes left."""
    java, *arguments = tomcat.command()
    options = ("-Xshare:dump", f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={archive}")
    class_path = arguments[arguments.index("-classpath") + 1]
    for _ in range(REFUSED_LINES):
        done = subprocess.run(
            [java, *options, "-classpath", class_path],
            capture_output=True,
            text=True,
            check=False,
            timeout=DUMP_SECONDS,
        )
        output = done.stdout + done.stderr
        if done.returncode == 0:
            return sum(1 for line in classes.read_text().splitlines() if line[:1] not in {"", "#", "@"})
        refused = _REFUSED.search(output)
        if refused is None:
            raise RecordingError(
                f"Java could not write the archive: {(output.strip().splitlines() or ['no reason'])[-1]}"
            )
        lines = classes.read_text().splitlines(keepends=True)
        del lines[int(refused[1]) - 1]
        classes.write_text("".join(lines))
    raise RecordingError(f"Java refuses more than {REFUSED_LINES} classes of its own list")


def main(arguments: Sequence[str]) -> int:
    """Record the archive and return the exit code."""
    parser = argparse.ArgumentParser(prog="record_classes", description="Record YAWL's classes into an archive.")
    parser.add_argument("archive", type=Path)
    parser.add_argument("--webapps", type=Path, required=True, help="the applications, unpacked")
    parser.add_argument("--libraries", type=Path, required=True, help="folder of jars shared by both; may be empty")
    parser.add_argument("--catalina-home", type=Path, required=True)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        tomcat = Tomcat(
            folder=Path(folder) / "tomcat",
            address=ADDRESS,
            port=PORT,
            variables=EngineVariables(
                heap_size="1024m",
                admin_user=NOBODY,
                admin_password=NOBODY,
                catalina_home=options.catalina_home,
                webapps=options.webapps,
                libraries=options.libraries,
                class_archive=options.archive,
            ),
            # Nothing listens on this port: the start must not reach a database.
            database=DatabaseVariables(
                host=ADDRESS, port=1, name="nothing", user=NOBODY, password=NOBODY, ca_bundle=Path("/dev/null")
            ),
            log_level="ERROR",
            known_secrets=Secrets(),
        )
        try:
            number = record(tomcat, options.archive, folder=Path(folder))
        except (RecordingError, OSError, subprocess.TimeoutExpired) as error:
            options.archive.unlink(missing_ok=True)
            print(f"warning: no archive of classes, so that engines start slower: {error}", file=sys.stderr)
        else:
            size = options.archive.stat().st_size / 2**20
            print(f"recorded {number} classes, {size:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
