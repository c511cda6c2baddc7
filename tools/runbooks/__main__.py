"""The command line: `python -m tools.runbooks FOLDER`."""

import argparse
import sys
from pathlib import Path

from cloud_assembly import UserError, read
from tools.runbooks.page import pages


def main() -> int:
    """Write all pages into a folder and delete others there; exit codes: 0 written, 2 bad input."""
    parser = argparse.ArgumentParser(prog="python -m tools.runbooks", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="the folder of the pages; other .md files in it are deleted")
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="the cloud assembly (cdk.out)")
    options = parser.parse_args()
    folder: Path = options.folder
    try:
        written = pages(read(options.assembly))
        folder.mkdir(parents=True, exist_ok=True)
        for page in folder.glob("*.md"):
            if page.stem not in written:
                page.unlink()
        for name, text in written.items():
            (folder / f"{name}.md").write_text(text, encoding="utf-8")
    except (UserError, OSError) as error:
        print(f"runbooks: {error}", file=sys.stderr)
        return 2
    print(f"written: {', '.join(str(folder / f'{name}.md') for name in written)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
