"""Latest: do the last of what is asked for as often as there is time for it, and no more."""


class Latest:
    """Run a coroutine function with the latest arguments only: one in flight, what came in between is dropped.

    ``app.run(coroutine)`` runs a coroutine beside everything else.
    """

    def __init__(self, app, work):
        self.app = app
        self.work = work
        self.waiting = None
        self.running = False

    @property
    def outdated(self):
        """Whether something else is wanted already."""
        return self.waiting is not None

    def __call__(self, *arguments):
        self.waiting = arguments
        if not self.running:
            self.running = True
            self.app.run(self._drain())

    async def _drain(self):
        try:
            while self.waiting is not None:
                arguments, self.waiting = self.waiting, None
                await self.work(*arguments)
        finally:
            self.running = False
            if self.waiting is not None:  # a failure is reported, and does not stop what came after it
                self(*self.waiting)
