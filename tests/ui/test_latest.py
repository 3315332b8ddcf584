"""The last of what is asked for is done as often as there is time for it."""

from logic.latest import Latest


class Pause:
    """What a coroutine waits for until the test goes on with it."""

    def __await__(self):
        yield

    __iter__ = __await__  # what MicroPython asks of what is awaited


class Runner:
    """Runs coroutines step by step, and keeps what they raise."""

    def __init__(self):
        self.tasks = []
        self.raised = []

    def run(self, coroutine):
        self.tasks.append(coroutine)

    def step(self):
        """Go on with each until it waits again or is done."""
        tasks, self.tasks = self.tasks, []
        for task in tasks:
            try:
                task.send(None)
                self.tasks.append(task)
            except StopIteration:
                pass
            except ValueError as error:
                self.raised.append(str(error))


def painter(runner, done):
    async def paint(what):
        await Pause()
        if what == "bad":
            raise ValueError("bad")
        done.append(what)

    return Latest(runner, paint)


def test_what_came_in_between_is_dropped():
    runner, done = Runner(), []
    paint = painter(runner, done)
    paint(0)
    paint(1)
    assert len(runner.tasks) == 1
    runner.step()
    for what in (2, 3, 4):
        paint(what)
    assert paint.outdated
    for _ in range(4):
        runner.step()
    assert done == [1, 4]
    assert not paint.outdated
    assert runner.tasks == []


def test_what_is_asked_for_after_a_rest_is_done_again():
    runner, done = Runner(), []
    paint = painter(runner, done)
    for what in (1, 2):
        paint(what)
        for _ in range(3):
            runner.step()
    assert done == [1, 2]


def test_what_fails_does_not_stop_what_came_after_it():
    runner, done = Runner(), []
    paint = painter(runner, done)
    paint("bad")
    runner.step()
    paint(2)
    for _ in range(4):
        runner.step()
    assert runner.raised == ["bad"]
    assert done == [2]
