"""Analysis panel: one analysis, its form at the left and its result at the right, and when it is computed."""

import asyncio

from dom import add, h, later, show, text, unique
from explanation import mark
from form import Form
from js import performance
from logic.language import say
from logic.protocol import INDULGENCE, Cancelled, Refused
from result import Result

#: An analysis that took longer than this many seconds, twice, waits for Run instead of following every change.
QUICK = 3
#: Milliseconds for what has just been shown to ask for its figures, before the next part is computed.
SETTLE = 200
#: What is said in the place of a first result that the user has stopped.
STOPPED = say("Stopped. Press Run to compute it after all.")
#: What the marks in the list of parts say.
_STATES = {"done": "done", "running": say("under way"), "waiting": say("not yet"), "absent": say("left out")}


class Run:
    """A run under way.

    Attributes
    ----------
    params : dict
    call : int
        The number of the call, of the part under way where there are parts.
    part : int or None
        The part that the engine is at; None between two.
    seconds : float
        That the engine has spent on it.
    stopped : bool
        Whether the user wants no further part.
    """

    def __init__(self, params):
        self.params = params
        self.call = None
        self.part = None
        self.begun = None
        self.seconds = 0
        self.stopped = False


class AnalysisPanel:
    """One analysis: its form, its latest result, and what is being done about them."""

    def __init__(self, app, entry):
        self.app = app
        self.name = entry["name"]
        self.title = entry["title"]
        self.parts = [part["title"] for part in entry["parts"]]
        self.visible = False
        self.addressed = None  # the values of the form that the address has
        self.running = None  # a Run
        self.stopped = None  # (cohort, params) of what the user stopped: it does not begin again by itself
        self.seconds = [0, 0]  # that the last two runs took; the first of all pays for what others find done
        self.result = Result(app, entry, self._tell)
        self.form = Form(app, self.name, entry["fields"], self._changed, self._submitted)
        self.soon = later(250, self._run_if_fast)
        self._build(entry)
        app.on("another", lambda *_: self._forget_choices())
        app.on("cohort", lambda *_: self._cohort_changed())
        app.on("groups", lambda *_: self._groups_changed())
        app.on("theme", lambda *_: self.result.redraw_figures())
        app.on("tray", lambda *_: self._tray_changed())
        app.on("measures", lambda *_: self._measures_changed())

    def _build(self, entry):
        self.run_button = h("button", say("Run"), type="submit", cls="primary")
        self.problem = h("p", cls="problem", role="alert")
        self.step = h("span")
        self.bar = h("progress")
        stop = say("Stop here") if self.parts else say("Cancel")
        self.cancel = h("button", stop, type="button", cls="quiet", on={"click": lambda event: self._cancel()})
        self.progress = h("div", self.step, self.bar, self.cancel, cls="run-progress", hidden=True)
        self.part_list = h("ol", [h("li", title) for title in self.parts], cls="parts", aria_label=say("Parts"))
        self.part_note = h("p", cls="note")
        self.resume = h("button", say("Continue"), type="button", hidden=True, on={"click": lambda event: self.run()})
        add(self.form.buttons, self.run_button)
        add(self.form.element, self.problem)
        # Above the result, where it is in sight however long the form is.
        self.part_box = h(
            "section",
            self.part_list,
            h("div", self.part_note, self.progress if self.parts else None, self.resume, cls="part-line"),
            cls="part-box",
            aria_label=say("Progress"),
            hidden=True,
        )
        # In the place of the first result, as the end of a long form is out of sight.
        self.refusal = h("p", cls="refusal", aria_hidden="true")  # screen readers hear that of the form
        self.waiting = h("section", h("h2", entry["title"]), self.refusal, cls="first-wait", hidden=True)
        summary = h("p", entry["summary"], cls="summary")
        about = h("div", summary, mark(self.app, summary, analysis=self.name), cls="explained")
        body = h("div", about, self.form.element, cls="fold-body", id=unique("parameters"))
        fold = self.app.forms.button(body, say("Parameters"), "fold-form quiet")
        # Beside what folds: work in progress is in sight, and can be stopped, whatever is folded.
        progress = None if self.parts else self.progress
        self.parameters = h("section", fold, body, progress, cls="parameters", aria_label=say("Parameters"))
        self.element = h(
            "div",
            self.parameters,
            h("div", self.part_box, self.waiting, self.result.element),
            cls="analysis",
        )

    # --- when to run ---

    def show(self, params, edge, shapes=None):
        """Come on screen; ``shapes`` None leaves maps as they are shown."""
        self.visible = True
        if shapes is not None:
            self.result.take_shapes(shapes)
        if params not in (None, self.addressed):  # the form may have changed since with the tray or the groups
            self.form.set(params)
        if edge is not None:
            self.result.edge, self.result.edge_chosen = edge, True
        self._tell()
        if self.app.cohort is not None and self._wants_another():
            self.run()
        self._mark_state()

    def _wanted(self):
        """What the form asks for; None while it is not acceptable."""
        return self.form.values()

    def _wants_another(self):
        """Whether the form asks for something else than what is coming, or is there if nothing is."""
        here = self.running.params if self.running else self.result.params
        return self._wanted() not in (None, here) and not self._is_stopped()

    def _is_stopped(self):
        """Whether the user has stopped what the form asks for."""
        return self.stopped is not None and self.stopped == (self.app.opener.where(), self._wanted())

    def _tell(self):
        if not self.visible:
            return
        self.addressed = self.form.values()
        result = self.result
        edge = result.edge if result.edge_chosen else None
        self.app.set_view(analysis=self.name, params=self.addressed, edge=edge, shapes=result.shapes or None)

    def _changed(self, unfinished):
        self._tell()
        self._mark_state()
        (self.soon if unfinished else self._run_if_fast)()

    def _submitted(self):
        if self._wanted() is None:
            self.form.point_out()
        else:
            self.run()

    def _run_if_fast(self):
        if self.visible and min(self.seconds) < QUICK and self._wants_another():
            self.run()

    def _forget_choices(self):
        """Another cohort begins with the defaults: a choice made for the one before might name what is not the same."""
        self.form.state.forget()
        self.addressed = None

    def _cohort_changed(self):
        if self.running:
            self.app.client.cancel(self.running.call, INDULGENCE)
            self.running = None  # of the cohort before, even if the same is asked of this one
            show(self.progress, False)
            show(self.waiting, False)
        self.result.forget()
        self._mark_parts()
        self.seconds = [0, 0]
        self.form.refresh()
        if self.visible and self.app.cohort is not None and not self._is_stopped():
            self.run()

    def _groups_changed(self):
        before = self.form.groups()
        self.form.refresh()
        if self.result.params is None:
            return None
        self.result.groups_changed()
        if self._wanted() != self.result.params:
            self._changed(unfinished=True)  # another state of the address brings other parameters in a moment
        lost = self.visible and before and not self.form.groups()
        return say("{title} now uses everybody", title=self.title) if lost else None

    def _tray_changed(self):
        if self.form.takes_maps():
            self.form.refresh()
            if self.visible:
                self._changed(unfinished=True)

    def _measures_changed(self):
        self.form.refresh()
        self.result.mark_added()

    # --- running ---

    def run(self):
        """Run what the form asks for now, and what is missing of it; what runs already is not wanted any more."""
        wanted = self._wanted()
        if wanted is None or self.app.cohort is None:
            return
        if self.running:
            if self.running.params == wanted:
                return
            self.app.client.cancel(self.running.call, INDULGENCE)
        self.stopped = None
        run = self.running = Run(wanted)
        outcome = self._ask(run, 0)
        self._say_problem("")
        self.form.point_at(None)
        self.app.run(self._finish(run, outcome))

    def _ask(self, run, part):
        """Ask for a result, or for a part of it and all before that; returns the coroutine of the answer."""
        arguments = {"analysis": self.name, "params": run.params}
        if self.parts:
            arguments["part"] = part
        run.begun = None
        run.part = part
        run.call, outcome = self.app.client.begin("run", arguments, None, self._on_progress)
        self._say_progress(say("Starting") if not part else self.parts[part], 0, 0)
        if not self.parts:
            add(self.waiting if self.result.element.hidden else self.parameters, self.progress)
        self.cancel.disabled = False
        show(self.progress)
        self._mark_state()
        return outcome

    async def _finish(self, run, outcome):
        """Show what is coming: of an analysis in parts one after another, each once it is done."""
        earlier = self.seconds[1]
        try:
            while True:
                answer = await outcome
                if self.running is not run:
                    return
                # Its own time, not that of what the engine had to finish before it.
                run.seconds += 0 if run.begun is None else (performance.now() - run.begun) / 1000
                self.seconds = [earlier, run.seconds]
                self.result.take(answer.json, run.params)
                run.part = None
                self._mark_parts()
                show(self.waiting, False)  # before its figures are drawn: its place is the result's now
                await self.result.show()
                if self.result.n_parts < len(self.parts):
                    # What is on screen comes before the next part: the engine does one thing after another.
                    await asyncio.sleep(SETTLE / 1000)
                    await self.app.client.rest()
                if self.running is not run or run.stopped or self.result.n_parts == len(self.parts):
                    return
                outcome = self._ask(run, self.result.n_parts)
        except Refused as refused:
            if self.running is run:
                self.app.forms.unfold()
                self._say_problem(refused.message)
                self.form.point_at(refused.position)
        except Cancelled:
            if self.running is run:  # else it gave way to another
                self.stopped = (self.app.opener.where(), run.params)
                if not self.parts:
                    self.app.status(say("Cancelled"))
        finally:
            if self.running is run:
                self.running = None
                show(self.progress, False)
                self._mark_state()
                n_parts = self.result.n_parts
                if run.stopped and n_parts:
                    self.app.status(
                        say(
                            "Stopped after {n_parts} of {parts} parts; what is done stays",
                            n_parts=n_parts,
                            parts=len(self.parts),
                        )
                    )

    def _say_problem(self, message):
        text(self.problem, message)
        text(self.refusal, message)

    def _on_progress(self, step, done, total):
        if self.running.begun is None:
            self.running.begun = performance.now()
        if not self.running.stopped:
            self._say_progress(step, done, total)

    def _say_progress(self, step, done, total):
        text(
            self.step,
            say("{part} of {parts}: {step}", part=self.running.part + 1, parts=len(self.parts), step=step)
            if self.parts
            else step,
        )
        if total:
            self.bar.max, self.bar.value = total, done
        else:
            self.bar.removeAttribute("value")

    def _cancel(self):
        if self.running:
            self.running.stopped = True
            self.cancel.disabled = True
            self._say_progress(say("Stopping"), 0, 0)
            self.app.client.cancel(self.running.call)

    def _mark_state(self):
        """Say whether the result is of what the form asks for, and is whole."""
        result = self.result
        stale = self._wanted() != result.params
        partial = result.params is not None and result.n_parts < len(self.parts)
        result.element.classList.toggle("stale", stale)
        if stale:
            state = say("Updating") if self.running else say("Earlier result: press Run for the new one")
        elif partial:
            state = say("{n_parts} of {parts} parts are done", n_parts=result.n_parts, parts=len(self.parts))
        else:
            state = ""
        text(result.state, state)
        show(self.resume, partial and not stale and not self.running)
        self._mark_waiting()
        self._mark_parts()

    def _mark_waiting(self):
        """Show what the first result is waiting for, or why there is none."""
        running = self.running is not None and not self.parts
        stopped = self.running is None and self._is_stopped()
        if stopped or str(self.refusal.textContent) == STOPPED:
            text(self.refusal, STOPPED if stopped else "")
        show(self.waiting, self.result.element.hidden and (running or bool(self.refusal.textContent)))

    def _mark_parts(self):
        """Show in the list of parts which are done, and which is under way."""
        if not self.parts:
            return
        result = self.result
        here = self.running is None or self.running.params == result.params
        done = result.n_parts if here and result.params is not None else 0
        show(self.part_box, self.running is not None or result.params is not None)
        text(self.part_note, "" if self.running or done < len(self.parts) else say("All parts are done."))
        for position in range(len(self.parts)):
            line = self.part_list.children[position]
            under_way = self.running is not None and position == self.running.part
            why = result.left_out[position] if position < done else ""
            state = "absent" if why else "done" if position < done else "running" if under_way else "waiting"
            line.setAttribute("class", state)
            text(line, f"{self.parts[position]}: {why}" if why else self.parts[position])
            line.setAttribute("aria-label", f"{self.parts[position]}: {why or _STATES[state]}")
