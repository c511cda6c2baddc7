"""A Python of a build's own, with pip: what a build installs into it, or for its user, goes with the build.

It is a virtual environment that says it is none, as CodeBuild's Python is none: `pip install --user` and
`uv pip install --system` refuse a virtual environment or look for another Python, which would be the user's.
"""

import os
import re
import shlex
import shutil
import sys
import sysconfig
import threading
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
NOT_LINKED = ("site-packages", "dist-packages", "__pycache__", "EXTERNALLY-MANAGED")
"""Of the standard library's folder: what is installed there is the user's."""
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


def make_python(directory: Path, *, unpacked: Path) -> Path:
    """Make it in `directory`, of the Python this runs in; return the folder of its programs.

    All builds of a rehearsal share `unpacked`, in the same file system: what comes with Python is unpacked there once.
    """
    venv.EnvBuilder(symlinks=True).create(directory)
    library = directory / "lib" / f"python{VERSION}"
    packages = library / "site-packages"
    # Where a Python that is no virtual environment has its library, its headers, and its settings for compilers.
    _link_all(Path(sysconfig.get_path("stdlib")), library)
    _link_all(Path(sysconfig.get_path("include")), directory / "include" / f"python{VERSION}")
    # Debian's Python installs there, as long as it is no virtual environment.
    (directory / "local").symlink_to(".")
    (library / "dist-packages").symlink_to("site-packages")
    (packages / "rehearsal_disguise.py").write_text(_DISGUISE)
    (packages / "rehearsal_disguise.pth").write_text("import rehearsal_disguise\n")
    with _unpacking:
        if not unpacked.is_dir():
            unpacked.mkdir(parents=True)
            _unpack_pip(unpacked)
    # Linked, not copied, to save time; pip replaces files and does not write into them.
    shutil.copytree(unpacked, packages, copy_function=os.link, dirs_exist_ok=True)
    programs = directory / "bin"
    for name in ("pip", "pip3", f"pip{VERSION}"):
        (programs / name).write_text(_PIP.format(python=programs / "python3"))
        (programs / name).chmod(0o755)
    return programs


def hide_other_pythons(programs: Path, directory: Path, path: str) -> None:
    """Put programs of their names into `programs` for the other Pythons on `path`: environments, made when called."""
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
    """Unpack pip, and what comes with it, from the wheels that Python brings to fill new environments with.

    Debian packs these apart from Python; without them pip is that of the Python this runs in, if it has one.
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
