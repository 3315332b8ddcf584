"""Between the worker and `imagenomer.engine`: messages of the page in, messages to the page out.

Runs in the engine's worker as its main module; the only Python of the engine that knows of a browser.
"""

import importlib
import json
import pkgutil
import traceback

import engine_kernels
import engine_later
import numpy as np
from js import FileReaderSync, Object, Uint8Array
from pyodide.ffi import JsException, to_js

from imagenomer import __version__, analyses
from imagenomer.engine import Cancelled, Engine
from imagenomer.errors import InputError
from imagenomer.statistics import products

#: What an idle engine does, in pieces too short to be noticed by who asks for something meanwhile: first results and
#: figures take more than a second each to unpack and import. Blobs, each with the imports that need it.
IDLE = (
    ("statistics.blob", ("scipy.special", "numpy.f2py", "scipy.linalg")),
    ("figures.blob", ()),
    (None, ("PIL.Image", "pyparsing", "dateutil.rrule", "matplotlib", "matplotlib.text", "matplotlib.image")),
    (None, ("matplotlib.dates", "matplotlib.axes", "matplotlib.figure")),
    (None, ("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg")),
    ("readers.blob", ()),
    ("downloads.blob", ("fontTools.subset", "matplotlib.backends.backend_pdf")),
    ("rest.blob", ("multiprocessing", "joblib", "scipy.spatial", "scipy.optimize", "scipy.ndimage")),
    (None, ("scipy.stats", "sklearn.utils", "sklearn.linear_model")),
)

engine = None
idle_work = iter(())
idle_piece = None


class DroppedFiles:
    """What the user dropped, read in pieces where it lies.

    Attributes
    ----------
    sizes : list of int
        Bytes of each file.
    """

    def __init__(self, files):
        self._files = list(files)
        self._reader = FileReaderSync.new()
        # Where no worker can read a file the page has done it: then these are its bytes.
        self.sizes = [int(file.size if hasattr(file, "size") else file.byteLength) for file in self._files]

    def read(self, index, start, stop):
        """Return bytes ``start`` to ``stop`` of file ``index``."""
        file = self._files[index]
        if not hasattr(file, "size"):
            return file.slice(start, stop).to_bytes()
        try:
            return self._reader.readAsArrayBuffer(file.slice(start, stop)).to_bytes()
        except JsException as error:
            if error.name not in ("NotFoundError", "NotReadableError"):
                raise
            raise InputError(
                f"{file.name} can no longer be read: it was moved, changed or deleted since it was chosen, or its "
                "drive was removed; put it back and choose it again"
            ) from None


def start(functions):
    """Make the engine, which multiplies by these functions if there are any, and return the version of the package."""
    global engine, idle_work
    if functions is not None:
        products.use(engine_kernels.Kernels(functions, products.Blas()))
    engine = Engine(engine_later.need)
    idle_work = _idle_pieces()
    return __version__


def _idle_pieces():
    for module in pkgutil.iter_modules(analyses.__path__, f"{analyses.__name__}."):
        yield lambda name=module.name: importlib.import_module(name)
    for blob, names in IDLE:
        if blob is not None:
            yield lambda blob=blob: engine_later.later.bring(blob)
        for name in names:
            yield lambda name=name: importlib.import_module(name)


async def do_idle_work():
    """Do the next piece of what will be needed; return whether to ask again "soon", "later" or never, ""."""
    global idle_piece
    idle_piece = idle_piece or next(idle_work, None)
    if idle_piece is None:
        return ""
    try:
        idle_piece()
    except engine_later.Absent:
        return "later"
    except Exception:
        return ""  # nobody asked; who needs it is told why it fails
    idle_piece = None
    return "soon"


def is_at_hand(call, arguments):
    """Return whether a request asks only for what is kept."""
    return engine.is_at_hand(call, arguments)


async def answer(request, call, arguments, files, progress, cancelled):
    """Do one request, and return the message to send back."""
    try:
        reader = None if files is None else DroppedFiles(files)
        text, buffers = await engine_later.patiently(
            lambda: engine.handle(call, arguments, reader, progress, cancelled),
            lambda: progress("Fetching a part of the program", 0, 0),
        )
        message = {"type": "answer", "json": text, "buffers": {name: _buffer(buffers[name]) for name in buffers}}
    except InputError as error:
        questions = engine.questions_of(error)
        message = {"type": "refused", "message": str(error), "position": error.position, "questions": questions}
    except JsException as error:
        if error.name != "MissingPart":
            message = _bug(error, call, arguments)
        else:
            message = {"type": "refused", "message": _MISSING, "position": None}
    except Cancelled:
        message = {"type": "cancelled"}
    except Exception as error:
        message = _bug(error, call, arguments)
    return to_js({**message, "id": request}, dict_converter=Object.fromEntries)


_MISSING = (
    "This needs a part of the program that did not arrive whole, as a message said when it happened. Reload the page "
    "to fetch it again, and choose your files again."
)


def _bug(error, call, arguments):
    # Handing over files and buffers takes the browser's memory, not the engine's.
    refusal = engine.short_of_memory(error, call, json.loads(arguments))
    if refusal is not None:
        return {"type": "refused", "message": str(refusal), "position": None}
    summary = traceback.format_exception_only(error)[-1].strip()
    return {"type": "bug", "message": summary, "traceback": without_values(error)}


def without_values(error):
    """Write where an error arose, for a report that others read; messages may quote the data, so they stay out."""
    parts = []
    while error is not None:
        parts.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__name__)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nwhile or because of which there was:\n".join(parts)


def _buffer(array):
    """Copy an array out of the heap, once; the copy itself goes to the page."""
    array = np.ascontiguousarray(array)
    data = Uint8Array.new(array.nbytes)
    if array.nbytes:
        data.assign(array.reshape(-1).view(np.uint8))
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data.buffer}
