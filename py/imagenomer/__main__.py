"""``python -m imagenomer`` is the command ``imagenomer``."""

import sys

from imagenomer.cli import main

sys.exit(main())
