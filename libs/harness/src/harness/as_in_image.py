"""`python -m harness.as_in_image PROGRAM [ARGUMENT ...]`: a service, or a script by its path, as its image has it.

Packages named in `HARNESS_ABSENT` (by commas) cannot be imported. Nothing is imported here that the service does not
import itself, so that it is as small and starts as soon as in its image.
"""

import os
import runpy
import sys
from typing import Final

ABSENT: Final = "HARNESS_ABSENT"

if __name__ == "__main__":
    del sys.argv[0]
    for name in os.environ.pop(ABSENT).split(","):
        sys.modules[name] = None  # type: ignore[assignment] # so the language says: it is not found
    (runpy.run_path if sys.argv[0].endswith(".py") else runpy.run_module)(sys.argv[0], run_name="__main__")
