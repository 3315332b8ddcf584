"""The documents in the single file: their search, and links from one to another."""

from dom import find, listen, show, text
from logic.language import plural, say


class Documents:
    """Folded documents on the start screen; there are none where they are pages of the site."""

    def __init__(self):
        self._list = find("documents")
        if not self._list:
            return
        self._all = list(self._list.querySelectorAll(".document"))
        self._texts = [str(one.textContent).lower() for one in self._all]
        self._words = find("document-words")
        listen(self._words, "input", self._search)
        listen(find("start"), "click", self._follow)

    def _search(self, event):
        wanted = str(self._words.value).lower().split()
        n_found = 0
        for one, words in zip(self._all, self._texts):
            has_all = all(word in words for word in wanted)
            show(one, has_all)
            n_found += has_all
        text(find("documents-found"), say("in {documents}", documents=plural(n_found, "document")) if wanted else "")

    def _follow(self, event):
        link = event.target.closest("[data-document]")
        if link:
            event.preventDefault()  # the fragment is the state of the page
            self.open(str(link.getAttribute("data-document")))

    def open(self, name, section=""):
        """Unfold a document of the single file, and go to a section of it, if it has one of this fragment."""
        document = find(f"document-{name}")
        show(document)
        self._list.open = document.open = True
        document.scrollIntoView()
        document.querySelector("summary").focus()
        heading = document.querySelector(f'[data-section="{section}"]') if section else None
        if heading:
            heading.scrollIntoView()
