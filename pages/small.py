"""Makes PNG pictures small: 64 colours, no metadata. `make pictures` runs it where Pillow is.

python pages/small.py docs/screens/*.png
"""

import sys
from pathlib import Path

from PIL import Image

COLOURS = 64
LARGEST_BYTES = 60 * 1024


def main(names: list[str]) -> None:
    """Rewrite each.

    Raises:
        SystemExit: one is still too large.
    """
    for name in names:
        path = Path(name)
        with Image.open(path) as picture:
            few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
        if path.stat().st_size > LARGEST_BYTES:
            sys.exit(f"{path} is larger than {LARGEST_BYTES} bytes: show less of the page")


if __name__ == "__main__":
    main(sys.argv[1:])
