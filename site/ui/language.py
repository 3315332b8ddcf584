"""Language: the page in another language than English; run before anything is said (build_scripts/program.py).

The loader has fetched the catalogue of the language that was chosen. Texts of the code are looked up as they are said;
those of index.html, which are on screen already, are replaced here, sentence by sentence.
"""

import json

import js
from logic.language import known, pieces_of, sentence_of, speak

#: Attributes that are read out or shown.
ATTRIBUTES = ("aria-label", "title", "placeholder", "alt")
#: Elements whose text stays.
LEFT = "script, style, code, noscript, pre, svg, #documents"
#: Kinds of nodes, as browsers number them.
ELEMENT, TEXT = 1, 3


def begin():
    """Speak the language that the loader has, if it has one."""
    page = js.window.imagenomer
    if not page.texts:
        return
    speak(json.loads(str(page.texts)))
    js.document.documentElement.lang = str(page.language)
    _translate(js.document.body)


def _translate(element):
    for name in ATTRIBUTES:
        if element.hasAttribute(name):
            element.setAttribute(name, known(str(element.getAttribute(name))))
    nodes = [node for node in element.childNodes if node.nodeType in (TEXT, ELEMENT)]
    elements = [node for node in nodes if node.nodeType == ELEMENT]
    for node in elements:
        if not node.matches(LEFT):
            _translate(node)
    sentence = sentence_of([str(node.data) if node.nodeType == TEXT else None for node in nodes])
    words = known(sentence)
    if words != sentence:
        element.replaceChildren()
        for piece in pieces_of(words):
            element.append(js.document.createTextNode(piece) if isinstance(piece, str) else elements[piece])


begin()
