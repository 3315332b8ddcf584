"""Opening: a cohort, from what the user chose to the page that shows it, also in another engine after a crash."""

from dom import clear, find, start
from logic.language import say
from logic.opening import Openings, opening_of_demo, opening_of_files, with_recipe
from logic.protocol import Cancelled, Refused
from logic.recipe import merged
from logic.session import answers_for_second, state_of


class Opener(Openings):
    """Opens cohorts, now or once there is an engine."""

    def __init__(self, app):
        super().__init__()
        self.app = app

    def open_demo(self, name, restore=False):
        """Open a teaching cohort, in the state of the address if ``restore``."""
        self.ask_for(opening_of_demo(name), restore)

    def open_files(self, paths, files):
        """Open what the user chose or dropped."""
        if self.app.session.takes(paths, files):
            return
        # A link or a reload brings back the view once the files are there again.
        restore = self.app.cohort is None
        recipe = self.app.state.history.spec.get("recipe") if restore else None
        self.ask_for(opening_of_files(paths, files, recipe), restore)

    def answer(self, addition):
        """Open the same files again with another answer, in the same state."""
        recipe = merged(self.app.cohort["recipe"] or {}, addition)
        self.ask_for(with_recipe(self.opened, recipe), True)

    def forget_answers(self):
        """Open the same files again without the answers that were given here."""
        self.ask_for(with_recipe(self.opened, None), True)

    def ask_for(self, wanted, restore):
        """Open it now, or as soon as there is an engine."""
        broken = self.app.faults.broken
        if not broken:
            clear(find("alerts"))
        if self.app.ready:
            start(self.open(wanted, restore))
        else:
            self.wait(wanted, restore)
            when = say("runs again") if broken else say("is ready")
            self.app.status(say("Opening {title} as soon as the engine {when}", title=wanted.title, when=when))

    def ask_again(self):
        """A function that opens once more what is being opened, or None."""
        under_way = self.under_way
        return None if under_way is None else lambda: self.ask_for(*under_way)

    def reopen(self):
        """Open the same cohort in another engine, in the same state."""
        if self.opened is not None:
            # Now, not once it is ready: whatever is asked for meanwhile is about this cohort and has to wait.
            start(self.open(self.opened, True))

    async def open(self, wanted, restore):
        """Open it, and show it in the state of the address if ``restore``."""
        app = self.app
        same = wanted is self.opened
        again = self.begin(wanted, restore) and wanted.session is None
        before = self.opened if again else None
        try:
            answer = await app.work(
                say("Opening {title}", title=wanted.title), wanted.call, wanted.arguments, wanted.files
            )
        except Refused as refused:
            self._take_refusal(wanted, restore, refused)
            return
        except Cancelled:
            app.status(
                say("Cancelled") + (say("; {name} is still open", name=app.cohort["name"]) if app.cohort else "")
            )
            return
        finally:
            self.end()
        self.opened = wanted
        app.leave_tab()
        session, wanted.session = wanted.session, None  # it is opened again in the state of then
        spec = dict(app.state.history.spec) if restore else {}
        if session is not None:
            spec = state_of(session)
        cohort = await self.with_columns(answer.json, wanted.begin(answer.json["columns"], spec.get("columns"), before))
        cohort = await self.with_parcels(cohort, spec.get("atlas"))
        cohort = await self.with_measures(cohort, spec.get("measures", []))
        if again:
            cohort = await app.second.again(cohort)
        else:
            app.second.forget()
            saved = answers_for_second(session)
            cohort = await app.second.restore(spec.get("second"), cohort, saved and saved[0].get("columns"))
        if not again:
            app.session.restore(session, cohort)
        await app.show_cohort(cohort, spec, again, {} if session is None else session["views"])
        if not same:
            app.understood.look(answered=again)

    def _take_refusal(self, wanted, restore, refused):
        """Ask what the files do not say, or tell why they cannot be opened; what is open stays so."""
        app = self.app
        if wanted.tried:
            app.status(say("The saved answers are of other files, and were left out"))
            start(self.open(with_recipe(wanted, None), restore))
        elif refused.questions:
            app.questions.ask(wanted, refused.questions, lambda answered: self.ask_for(answered, restore))
        else:
            app.error(refused.message, say("Could not open {title}", title=wanted.title))

    async def with_columns(self, cohort, columns):
        """Correct columns as a saved state has them, if that fits: an address may say anything."""
        if columns == cohort["columns"]:
            return cohort
        try:
            cohort = (await self.app.work(say("Correcting columns"), "correct_columns", {"columns": columns})).json
        except Refused as refused:
            self.app.error(refused.message, say("Saved corrections of columns do not fit"))
        except Cancelled:
            pass
        self.keep_columns(cohort["columns"])
        return cohort

    async def with_parcels(self, cohort, atlas):
        """Take the parcels for those of an atlas (None: what the files say), if it fits: an address may name any."""
        if atlas == cohort["atlas"] or atlas not in [choice["name"] for choice in cohort["parcellation_choices"]]:
            return cohort
        return (await self.app.client.call("set_parcellation", {"name": atlas})).json

    async def with_measures(self, cohort, wanted):
        """Recreate the measures of a saved state that the cohort has not; report those that cannot be recreated."""
        there = [(one["analysis"], one["params"]) for one in cohort["added"]]
        for one in wanted:
            if (one["analysis"], one["params"]) in there:
                continue
            try:
                arguments = {"analysis": one["analysis"], "params": one["params"]}
                cohort = (await self.app.work(say("Making a measure"), "add_measure", arguments)).json
            except Refused as refused:
                self.app.error(refused.message, say("A saved measure could not be recreated"))
            except Cancelled:
                break
        return cohort
