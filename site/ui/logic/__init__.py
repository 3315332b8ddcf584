"""What the page decides, apart from what it touches.

Nothing in here imports `js`, `dom` or `pyscript`: these modules hold state and answer questions, and the modules beside
this folder put the answers on screen. So they are tested without a browser (``tests/ui``), under CPython and under the
page's MicroPython, which has no `dataclasses`, `typing` or `enum`.
"""
