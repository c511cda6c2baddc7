"""A Python with pip for one build; whatever the build installs is deleted with it.

It is a virtual environment that pretends not to be one, like CodeBuild's Python: in a virtual environment,
`pip install --user` fails and `uv pip install --system` uses another Python, which would be the user's.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import threading
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
FULL_VERSION = f"{VERSION}.{sys.version_info.micro}"
MAKE_SECONDS = 120.0
NOT_LINKED = ("site-packages", "dist-packages", "__pycache__", "EXTERNALLY-MANAGED")
"""Entries of the standard library's folder that belong to the user's installation."""
_OTHER = re.compile(r"(python|pip)(3\.\d+)")

_DISGUISE = """\
import os
import site
import sys

sys.base_prefix = sys.prefix
sys.base_exec_prefix = sys.exec_prefix
if site.check_enableusersite() and os.path.isdir(site.getusersitepackages()):
    site.addsitedir(site.getusersitepackages())
"""
_PIP = """\
#!{python}
import sys
from pip._internal.cli.main import main
sys.exit(main())
"""
_OTHER_PYTHON = """\
#!/bin/sh
[ -x {own}/bin/python ] || {python} -m venv {own} || exit
exec {own}/bin/python {module}"$@"
"""


_unpacking = threading.Lock()


def make_python_of(program: str, directory: Path) -> Path:
    """Create it in `directory` from another Python; return its `bin` folder. Raises OSError with that one's message."""
    command = [program, "-I", __file__, str(directory), str(directory.with_name(f"{directory.name}-packages"))]
    environment = {"PATH": os.environ.get("PATH", os.defpath)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=MAKE_SECONDS)
    if done.returncode:
        raise OSError(done.stderr.strip())
    return directory / "bin"


def make_python(directory: Path, *, unpacked: Path) -> Path:
    """Create it in `directory` from the running Python; return its `bin` folder.

    The builds of a rehearsal share `unpacked`, in the same file system, so that pip is unpacked only once.
    """
    venv.EnvBuilder(symlinks=True).create(directory)
    library = directory / "lib" / f"python{VERSION}"
    packages = library / "site-packages"
    # The places where a regular Python has its library, headers and compiler settings.
    _link_all(Path(sysconfig.get_path("stdlib")), library)
    _link_all(Path(sysconfig.get_path("include")), directory / "include" / f"python{VERSION}")
    # Debian's Python installs into these outside virtual environments.
    (directory / "local").symlink_to(".")
    (library / "dist-packages").symlink_to("site-packages")
    (packages / "rehearsal_disguise.py").write_text(_DISGUISE)
    (packages / "rehearsal_disguise.pth").write_text("import rehearsal_disguise\n")
    with _unpacking:
        if not unpacked.is_dir():
            unpacked.mkdir(parents=True)
            _unpack_pip(unpacked)
    # Hard-linked to save time; pip replaces files and does not modify them.
    shutil.copytree(unpacked, packages, copy_function=os.link, dirs_exist_ok=True)
    programs = directory / "bin"
    for name in ("pip", "pip3", f"pip{VERSION}"):
        (programs / name).write_text(_PIP.format(python=programs / "python3"))
        (programs / name).chmod(0o755)
    return programs


def hide_other_pythons(programs: Path, directory: Path, path: str) -> None:
    """Replace the other Pythons on `path` by wrappers in `programs` that create an environment on first use."""
    for folder in map(Path, filter(None, path.split(os.pathsep))):
        for found in sorted(folder.glob("*3.*")) if folder.is_dir() else ():
            named = _OTHER.fullmatch(found.name)
            if not named or (programs / found.name).exists() or not os.access(found, os.X_OK):
                continue
            python = shutil.which(f"python{named[2]}", path=path)
            if python is None:
                continue
            own = shlex.quote(str(directory / f"python{named[2]}"))
            module = "-m pip " if named[1] == "pip" else ""
            text = _OTHER_PYTHON.format(own=own, python=shlex.quote(python), module=module)
            (programs / found.name).write_text(text)
            (programs / found.name).chmod(0o755)


def _link_all(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir() if source.is_dir() else ():
        if entry.name not in NOT_LINKED and not (target / entry.name).exists():
            (target / entry.name).symlink_to(entry)


def _unpack_pip(directory: Path) -> None:
    """Unpack pip and its companions from the wheels bundled with Python.

    Debian packages these separately; without them, copy the pip of the running Python, if it has one.
    """
    folders = [Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or os.devnull)]
    if (found := find_spec("ensurepip")) and found.origin:
        folders.append(Path(found.origin).with_name("_bundled"))
    for name in ("pip", "setuptools", "wheel"):
        for wheel in sorted(wheel for folder in folders for wheel in folder.glob(f"{name}-*.whl"))[-1:]:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(directory)
    if not (directory / "pip").exists():
        base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
        installed = [Path(sysconfig.get_path("purelib", vars=base)), Path(sys.base_prefix, "lib/python3/dist-packages")]
        for pip in [folder / "pip" for folder in installed if (folder / "pip").is_dir()][:1]:
            shutil.copytree(pip, directory / "pip")


if __name__ == "__main__":
    # Run by other Pythons, too: the standard library of Python 3.8 must suffice.
    make_python(Path(sys.argv[1]), unpacked=Path(sys.argv[2]))
