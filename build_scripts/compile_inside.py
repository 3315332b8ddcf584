"""Compile the Python sources in archives; runs inside Pyodide, see compile.py.

Each archive comes as {"file", "place"}: a file in /in, and the folder of the page that its files belong in. What comes
out is one archive, /out/compiled.zip, whose entries are paths of the page's file system without the leading slash. The
same archives give the same bytes, in one process and in this order.
"""

import ast
import importlib.util
import json
import marshal
import re
import zipfile
from collections.abc import Iterator

#: What no program opens here: tests, stubs, sources in C and Cython, libraries to link with, records of pip, examples,
#: icons of windows. Licences stay.
LEFT_OUT = re.compile(
    r"""(?!.*licen[cs]e)(?:
        (?:.*/)?tests?/(?!_natype\.py$)
        | .*\.(pyi|h|hpp|c|cpp|a|pc|pxd|pxi|pyx|tp|in|build|f|f90|src|pyf|exe|bat|external|1)$
        | .*/(py\.typed|RECORD|INSTALLER|REQUESTED|direct_url\.json|PYODIDE_BUILD_INFO|entry_points\.txt)$
        | (turtledemo|idlelib|lib2to3|[^/]*\.data)/
        | matplotlib/(mpl-data/(images|sample_data|plot_directive)|backends/(web_backend|_tkagg))
    )""",
    re.VERBOSE | re.IGNORECASE,
)

#: What no module that the application reaches imports when it is itself imported; tests/build_scripts/test_pruned.py
#: holds that. Of rdata the page has the parser alone, in a package without ``__init__``, which would import the rest.
PRUNED = re.compile(
    r"""(?!.*licen[cs]e)(?:
        matplotlib/(
            mpl-data/fonts/(afm|pdfcorefonts)/ | mpl-data/fonts/ttf/(cm|STIX)
            | (testing|sphinxext|_tri\.|_qhull\.|animation\.py$)
            | backends/(backend_(cairo|gtk|macosx|nbagg|pgf|ps|qt|tk|webagg|wx)|qt_|_backend_(gtk|tk))
        )
        | mpl_toolkits/(axisartist|axes_grid1)/
        | PIL/(_imagingft|_imagingcms|_webp|_avif)\.
        | fontTools/(voltLib|ufoLib|mtiLib|merge|qu2cu|varLib/(instancer|interpolat|plot|models_cli))
        | contourpy/util/
        | scipy/(odr|stats/_sobol_direction_numbers\.|stats/_unuran/.*\.pxd)
        | sklearn/(
            cluster|compose|cross_decomposition|datasets|decomposition|ensemble|feature_extraction|feature_selection
            |gaussian_process|impute|inspection|manifold|mixture|neighbors|neural_network|semi_supervised|tree
        )/
        | rdata/(__init__\.py$|_read|_write|testing|conversion/|unparser/)
    )""",
    re.VERBOSE | re.IGNORECASE,
)

#: Whose documentation is worked on when it is imported, and must be what it was.
WHOLE = re.compile(r"numpy/_core/[^/]*\.py|matplotlib/axis\.py|email/(_policybase|policy)\.py")

#: Our own, whose functions and modules nobody asks for documentation in the page.
OWN = re.compile(r"imagenomer/.*")

#: Unchecked: Python runs the file without looking for its source.
FLAGS = 0b01


def shortened(tree: ast.Module, *, own: bool = False) -> ast.Module:
    """Cut the documentation of modules, classes and functions to its first line: nobody reads the rest here.

    Not to nothing: some programs add to what is there, and a data class without makes some up, which takes long. And
    not where something is to be filled in. Our ``own`` modules and functions do without, and without annotations: those
    of classes alone are read, for forms.
    """
    for node in ast.walk(tree):
        if own and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        elif own and isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            match node.body[0]:
                case ast.Expr(value=ast.Constant(value=str(text)) as constant) if not re.search("[%{]", text):
                    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
                    constant.value = "" if own and not isinstance(node, ast.ClassDef) else first
    return tree


def compiled(source: bytes, path: str, *, whole: bool, own: bool = False) -> bytes:
    """Return the content of the .pyc of a source that lies at ``path``; unless ``whole``, its texts for readers cut."""
    tree = ast.parse(source)
    code = compile(tree if whole else shortened(tree, own=own), path, "exec", dont_inherit=True)
    flags = FLAGS.to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source) + marshal.dumps(code)


def files_of(archive: zipfile.ZipFile, place: str) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of what the page gets of an archive: what is compiled has no source beside it."""
    for path in sorted(archive.namelist()):
        if path.endswith("/") or LEFT_OUT.match(path) or PRUNED.match(path):
            continue
        content = archive.read(path)
        if path.endswith(".py"):
            yield (
                f"{place}/{path}c",
                compiled(content, f"/{place}/{path}", whole=bool(WHOLE.fullmatch(path)), own=bool(OWN.fullmatch(path))),
            )
        else:
            yield f"{place}/{path}", content


async def main(arguments: str) -> None:
    """Compile what is in the archives."""
    archives = json.loads(arguments)["archives"]
    with zipfile.ZipFile("/out/compiled.zip", "w") as out:
        for done, given in enumerate(archives):
            print(f"PROGRESS Compiling for the page, {done} of {len(archives)}: {given['file']}", flush=True)
            with zipfile.ZipFile(f"/in/{given['file']}") as archive:
                for path, content in files_of(archive, given["place"]):
                    out.writestr(zipfile.ZipInfo(path, date_time=(1980, 1, 1, 0, 0, 0)), content)
