"""Faults: what the page says when the engine is lost, hangs, lacks memory or a part of itself, and the way on.

Each message says what happened, what is lost and what to do, in plain words. A report to copy says where in the
program it was, and never what the data were.
"""

import js
from dom import add, h, hide, listen, text
from jsffi import JsException
from logic.fault_words import cause_of, command_for, doing
from logic.language import say
from logic.protocol import SILENCE


class Faults:
    """Reports faults, and knows whether the engine is available.

    Attributes
    ----------
    broken : bool
        Whether there is no engine, and none comes by itself.
    """

    def __init__(self, app):
        self.app = app
        self._page = js.window.imagenomer
        self._alert = None  # the one that says why there is no engine
        self._offer = None  # the one that offers to replace it
        client = app.client
        client.describe = self.doing
        client.on_trouble = self._miss
        client.on_silence = self._offer_after_silence
        client.on_stubborn = lambda: self._offer_to_stop(say("The engine is still at work"))
        client.on_sign = self._retract

    @property
    def broken(self):
        return self._alert is not None

    # --- telling ---

    def tell_bug(self, message, traceback=""):
        """Report an error in the program."""
        js.console.error(f"{message}\n{traceback}")
        kind = message.split(":")[0]
        self.app.alert(
            say("Something went wrong in ImageNomer itself"),
            h("p", say("The page goes on working. A report helps to fix it; it contains none of your data.")),
            h("pre", message),
            h("p", self._report_button(f"{kind}\n{traceback}"), cls="buttons"),
        )

    def tell_crash(self, crash, opening):
        """Report that the engine was lost and is restarting; ``opening`` opens again what was being opened."""
        app = self.app
        self._retract()
        doing = (
            say("had nothing to do")
            if crash.name is None
            else say("was {doing}", doing=self.doing(crash.name, crash.arguments))
        )
        lost = "" if crash.name is None else say("What it was computing is lost. ")
        if app.cohort is not None:
            lost += say(
                "{name} opens again by itself, from the same files, with your groups and this view. ",
                name=app.cohort["name"],
            )
        ways = [self._report_button(f"The engine stopped in {crash.name}\n{crash.stack}")]
        advice = None
        if crash.blocked:
            advice = say(
                "It was the second time with the same request, so the page does not ask for it again. "
                "Choose other settings, or fewer scans."
            )
        elif opening is not None:
            ways.insert(0, h("button", say("Try again"), type="button"))
        command = command_for(crash.name, crash.arguments, app.opener.where(), app.second.where(), app.catalog)
        box = app.alert(
            say("The engine stopped and starts again"),
            h("p", say("It stopped while it {doing}. {cause}", doing=doing, cause=cause_of(crash))),
            h("p", say("{lost}Nothing in your files has changed.", lost=lost)),
            None if advice is None else h("p", advice),
            None if command is None else h("p", say("A terminal has more room: "), h("code", command)),
            h("pre", crash.message),
            h("p", ways, cls="buttons"),
        )
        if opening is not None and not crash.blocked:

            def try_again(event):
                box.remove()
                opening()

            listen(ways[0], "click", try_again)

    def tell_no_engine(self, crash):
        """Report that the engine does not start, or keeps stopping."""
        title = (
            say("The engine did not start")
            if self.app.cohort is None
            else say("The engine stopped and does not restart")
        )
        again = h("button", say("Start the engine again"), type="button", on={"click": self._start_again})
        what = say("Everything is computed in the engine, a part of this page. {cause}", cause=cause_of(crash))
        self._break(title, [what, self._kept()], crash.message, [again], crash.stack or crash.message)

    def _miss(self, stage, message):
        """Report that a part of the program did not arrive complete."""
        if self._page.inline:
            way = say("This copy of the file imagenomer.html is damaged: get it again from where it came from.")
        else:
            way = say("Reload the page to fetch it again; if that does not help, check the connection.")
        if stage == "first":
            lost = say("Without it the engine cannot start. ") + self._kept()
            self._break(say("A part of the program did not arrive"), [lost, way], message, [], message)
        elif stage != "page":  # of those that the loader reports
            lost = say("Some things do not work without it, figures above all; everything else does.")
            if stage == "language":
                lost = say("The page is in English until it arrives.")
            elif stage == "asked":
                lost = say("Files of this kind cannot be opened without it; everything else works.")
            self._tell_missing(say("A part of the program did not arrive"), [lost, way], message, [], message)

    def _kept(self):
        if self.app.cohort is not None:
            lost = say("{name} stays on screen, but cannot be worked with. ", name=self.app.cohort["name"])
        elif self.app.opener.pending_title() is not None:
            lost = say("Not opened yet: {title}. ", title=self.app.opener.pending_title())
        else:
            lost = ""
        return lost + say("Your files have not changed.")

    def _break(self, title, sentences, message, ways, report):
        if self._alert is None:  # one reason is enough
            self._alert = self._tell_missing(title, sentences, message, ways, report)
            self.app.busy(None)

    def _tell_missing(self, title, sentences, message, ways, report):
        reload = h("button", say("Reload the page"), type="button", on={"click": lambda event: self._page.reload()})
        return self.app.alert(
            title,
            [h("p", sentence) for sentence in sentences],
            h("pre", message),
            h("p", ways, reload, self._report_button(f"{title}\n{report}"), cls="buttons"),
        )

    def _start_again(self, event):
        self._alert.remove()
        self._alert = None
        self.app.restart()

    def _report_button(self, what):
        """Make a button that copies a report; ``what`` must quote no data, since others are meant to read it."""
        manifest = self._page.manifest
        report = f"ImageNomer {manifest.version}, build {manifest.build}\n{js.navigator.userAgent}\n\n{what}\n"
        button = h("button", say("Copy report"), type="button")

        async def copy(event):
            try:
                await js.navigator.clipboard.writeText(report)
                text(button, say("Copied"))
            except JsException:  # not every page opened from disk has a clipboard
                add(button.parentElement, h("pre", report))
                hide(button)

        listen(button, "click", copy)
        return button

    # --- an engine that hangs ---

    def _offer_after_silence(self):
        if self.app.client.loading:
            why = say("Nothing has arrived for {seconds} seconds", seconds=SILENCE)
            self._offer_to(why, say("Reload the page"), lambda event: self._page.reload())
        else:
            self._offer_to_stop(say("No response for {seconds} seconds", seconds=SILENCE))

    def _offer_to_stop(self, why):
        what = say("What it is computing is lost. ")
        if self.app.cohort is not None:
            name = self.app.cohort["name"]
            what += say(
                "{name} opens again by itself, from the same files, with your groups, your tray and this view.",
                name=name,
            )
        self._offer_to(why, say("Stop the engine and start it again"), self._stop, what)

    def _offer_to(self, why, label, act, what=""):
        """Offer one way on, by a button that nobody overlooks."""
        self._retract()
        button = h("button", label, type="button", cls="primary", on={"click": act})
        self._offer = self.app.alert(why, h("p", what) if what else None, h("p", button, cls="way"))

    def _stop(self, event):
        self._retract()
        self.app.restart()

    def _retract(self):
        if self._offer is not None:
            self._offer.remove()
            self._offer = None

    # --- words ---

    def doing(self, name, arguments):
        """Say what the engine does in a call: "drawing a figure"."""
        return doing(name, arguments, self.app.catalog)
