"""What the page says to its engine, and what it does when the engine is lost, hangs or will not obey."""

import json

from logic.protocol import INDULGENCE, PATIENCE, SILENCE, Bug, Cancelled, Lost, Protocol, Refused, key_of


class Timer:
    """What `later` returns; the test says when the time is up."""

    def __init__(self, milliseconds, action):
        self.milliseconds = milliseconds
        self.action = action
        self.n_armed = 0

    def __call__(self):
        self.n_armed += 1


class Port:
    """A worker that writes down what is done to it."""

    def __init__(self):
        self.posted = []
        self.life = []
        self.timers = []

    def post(self, message):
        self.posted.append(message)

    def make_worker(self):
        self.life.append("made")

    def stop_worker(self):
        self.life.append("stopped")

    def later(self, milliseconds, action):
        self.timers.append(Timer(milliseconds, action))
        return self.timers[-1]


class Told:
    """What the page was told, in order."""

    def __init__(self, protocol):
        self.all = []
        for event in (
            "loading",
            "boot",
            "ready",
            "trouble",
            "failure",
            "crash",
            "silence",
            "stubborn",
            "sign",
            "attempt",
        ):
            setattr(protocol, f"on_{event}", self.hear(event))

    def hear(self, event):
        return lambda *what: self.all.append((event,) + what)

    def crashes(self):
        return [what[1] for what in self.all if what[0] in ("crash", "failure")]


def started():
    """A protocol whose engine is ready; with its port and what it tells."""
    port = Port()
    protocol = Protocol(port)
    protocol.watch()
    protocol.receive({"type": "ready", "version": "1.0"})
    return protocol, port, Told(protocol)


def answer_to(call, value):
    return {"type": "answer", "id": call.number, "json": json.dumps(value), "buffers": {}}


# --- asking and answering ------------------------------------------------------------------------


def test_a_call_is_posted_as_json_and_answered_once():
    protocol, port, _ = started()
    done = []
    call = protocol.ask("run", {"analysis": "x", "params": {"alpha": 0.05}})
    call.on_done = lambda: done.append(True)
    (message,) = port.posted
    assert (message["type"], message["id"], message["call"]) == ("request", call.number, "run")
    assert json.loads(message["arguments"]) == {"analysis": "x", "params": {"alpha": 0.05}}
    assert "files" not in message
    assert protocol.is_waiting()
    protocol.receive(answer_to(call, {"n": 3}))
    assert (call.done, call.answer.json, call.error, done) == (True, {"n": 3}, None, [True])
    assert not protocol.is_waiting()
    protocol.receive(answer_to(call, {"n": 4}))
    assert (call.answer.json, done) == ({"n": 3}, [True])


def test_files_travel_beside_the_arguments():
    protocol, port, _ = started()
    protocol.ask("open_files", {"paths": ["a"]}, ("file",))
    assert port.posted[0]["files"] == ["file"]


def test_calls_have_numbers_of_their_own_and_are_answered_in_any_order():
    protocol, _, _ = started()
    first, second = protocol.ask("matrix"), protocol.ask("matrix")
    protocol.receive(answer_to(second, 2))
    assert not first.done
    protocol.receive(answer_to(first, 1))
    assert (first.answer.json, second.answer.json) == (1, 2)


def test_every_way_to_end_becomes_its_error():
    protocol, _, _ = started()
    for ending, kind in (
        ({"type": "refused", "message": "no", "position": 3}, Refused),
        ({"type": "refused", "message": "no"}, Refused),
        ({"type": "cancelled"}, Cancelled),
        ({"type": "bug", "message": "KeyError", "traceback": "line 3"}, Bug),
    ):
        call = protocol.ask("run")
        protocol.receive(dict(ending, id=call.number))
        assert isinstance(call.error, kind), ending
        assert call.answer is None
        if kind is Refused:
            assert call.error.position == ending.get("position")
        if kind is Bug:
            assert call.error.traceback == "line 3"


def test_progress_is_told_to_who_asked():
    protocol, _, _ = started()
    steps = []
    call = protocol.ask("run", on_progress=lambda *step: steps.append(step))
    deaf = protocol.ask("run")
    protocol.receive({"type": "progress", "id": call.number, "step": "Fitting", "done": 1, "total": 4})
    protocol.receive({"type": "progress", "id": deaf.number, "step": "Fitting", "done": 1, "total": 4})
    assert steps == [("Fitting", 1, 4)]
    assert not call.done


def test_a_bug_without_a_traceback_has_an_empty_one():
    protocol, _, _ = started()
    call = protocol.ask("run")
    protocol.receive({"type": "bug", "id": call.number, "message": "KeyError"})
    assert (call.error.message, call.error.traceback) == ("KeyError", "")


# --- starting ------------------------------------------------------------------------------------


def test_a_step_of_the_start_is_told_once_the_bytes_are_here():
    protocol = Protocol(Port())
    told = Told(protocol)
    protocol.receive({"type": "loading", "done": 1, "total": 3})
    protocol.receive({"type": "boot", "step": "Python", "done": 0, "total": 5})
    protocol.receive({"type": "loading", "done": 2, "total": 3})
    protocol.receive({"type": "loading", "done": 3, "total": 3})
    protocol.receive({"type": "boot", "step": "NumPy", "done": 2, "total": 5})
    assert told.all == [
        ("loading", 1, 3),
        ("loading", 2, 3),
        ("boot", "Python", 0, 5),
        ("boot", "NumPy", 2, 5),
    ]


def test_an_engine_that_is_ready_is_told_with_its_version():
    protocol = Protocol(Port())
    told = Told(protocol)
    assert protocol.loading
    assert protocol.version is None
    protocol.receive({"type": "ready", "version": "1.0"})
    assert told.all == [("ready", "1.0")]
    assert protocol.version == "1.0"


def test_trouble_and_attempts_are_passed_on():
    protocol, _, told = started()
    protocol.receive({"type": "trouble", "name": "x", "stage": "rest", "message": "x was cut short"})
    protocol.receive({"type": "attempt", "directive": "connect-src", "address": "there", "policy": "none"})
    assert told.all == [("trouble", "rest", "x was cut short"), ("attempt", "connect-src", "there", "none")]


# --- an engine that is lost ----------------------------------------------------------------------


def test_a_lost_engine_is_replaced_and_the_first_call_is_the_one_under_way():
    protocol, port, told = started()
    first, second = protocol.ask("run", {"analysis": "x"}), protocol.ask("matrix")
    protocol.receive({"type": "crash", "message": "abort"})
    assert isinstance(first.error, Lost)
    assert isinstance(second.error, Lost)
    assert port.life == ["stopped", "made"]
    assert protocol.version is None
    (crash,) = told.crashes()
    assert (crash.name, crash.arguments, crash.message, crash.blocked) == ("run", {"analysis": "x"}, "abort", False)


def test_an_engine_that_can_tell_says_which_call_it_was_or_that_it_was_none():
    for number, name in ((2, "matrix"), (None, None)):
        protocol, _, told = started()
        protocol.ask("run")
        protocol.ask("matrix")
        protocol.receive({"type": "crash", "id": number, "message": "abort", "stack": "there"})
        assert told.crashes()[0].name == name
        assert not told.crashes()[0].blocked
        assert told.crashes()[0].stack == "there"


def test_what_lost_the_engine_twice_is_refused_a_third_time():
    protocol, port, told = started()
    protocol.describe = lambda name, arguments: f"computing {arguments['analysis']}"
    for blocked in (False, True):
        protocol.ask("run", {"analysis": "x", "params": {"a": 1, "b": 2}})
        protocol.receive({"type": "crash", "message": "abort"})
        protocol.receive({"type": "ready", "version": "1.0"})
        assert told.crashes()[-1].blocked is blocked
    n_posted = len(port.posted)
    again = protocol.ask("run", {"params": {"b": 2, "a": 1}, "analysis": "x"})
    assert isinstance(again.error, Refused)
    assert "twice while it was computing x" in again.error.message
    assert len(port.posted) == n_posted
    assert not protocol.ask("run", {"analysis": "x", "params": {"a": 1, "b": 3}}).done


def test_a_call_that_was_answered_in_between_has_a_clean_record():
    protocol, _, told = started()
    for _ in range(3):
        protocol.ask("run")
        protocol.receive({"type": "crash", "message": "abort"})
        protocol.receive({"type": "ready", "version": "1.0"})
        protocol.receive(answer_to(protocol.ask("run"), 1))
    assert [crash.blocked for crash in told.crashes()] == [False, False, False]


def test_an_engine_lost_twice_while_idle_stays_lost_unless_the_user_did_something():
    protocol, port, told = started()
    protocol.receive({"type": "crash", "message": "abort"})
    protocol.receive({"type": "ready", "version": "1.0"})
    protocol.forgive()
    protocol.receive({"type": "crash", "message": "abort"})
    protocol.receive({"type": "ready", "version": "1.0"})
    assert port.life == ["stopped", "made"] * 2
    protocol.receive({"type": "crash", "message": "abort again"})
    assert port.life == ["stopped", "made"] * 2 + ["stopped"]
    assert told.all[-1][0] == "failure"
    late = protocol.ask("run")
    assert isinstance(late.error, Lost)
    protocol.restart()
    assert port.life[-2:] == ["stopped", "made"]
    protocol.receive({"type": "ready", "version": "1.0"})
    assert not protocol.ask("run").done


def test_an_engine_that_does_not_start_is_not_started_again_by_itself():
    port = Port()
    protocol = Protocol(port)
    told = Told(protocol)
    early = protocol.ask("catalog")
    protocol.receive({"type": "crash", "message": "no WebAssembly"})
    assert isinstance(early.error, Lost)
    assert port.life == ["stopped"]
    assert [what[0] for what in told.all] == ["failure"]
    assert told.crashes()[0].name is None


def test_after_a_restart_what_was_under_way_counts_as_cancelled():
    protocol, port, _ = started()
    call = protocol.ask("run")
    protocol.restart()
    assert isinstance(call.error, Cancelled)
    assert port.life == ["stopped", "made"]
    protocol.receive(answer_to(call, 1))
    assert call.answer is None


# --- an engine that hangs, or does not obey ------------------------------------------------------


def test_silence_of_an_engine_that_has_something_to_do_is_told_until_the_next_sign():
    protocol, port, told = started()
    silence = port.timers[0]
    assert silence.milliseconds == 1000 * SILENCE
    silence.action()
    assert told.all == [], "an idle engine has nothing to say"
    call = protocol.ask("run")
    silence.action()
    assert told.all == [("silence",)]
    protocol.receive({"type": "progress", "id": call.number, "step": "Fitting", "done": 1, "total": 4})
    protocol.receive({"type": "progress", "id": call.number, "step": "Fitting", "done": 2, "total": 4})
    assert told.all == [("silence",), ("sign",)]


def test_a_sign_of_the_next_engine_is_none_of_the_silent_one():
    protocol, port, told = started()
    protocol.ask("run")
    port.timers[0].action()
    protocol.restart()
    told.all.clear()
    protocol.receive({"type": "boot", "step": "Python", "done": 0, "total": 5})
    assert ("sign",) not in told.all


def test_each_engine_that_is_made_is_expected_to_give_a_sign():
    port = Port()
    protocol = Protocol(port)
    assert port.timers[0].n_armed == 0
    protocol.watch()
    assert port.timers[0].n_armed == 1
    protocol.restart()
    assert port.timers[0].n_armed == 2


def test_more_calls_to_a_silent_engine_do_not_make_it_less_silent():
    protocol, port, _ = started()
    silence = port.timers[0]
    armed = silence.n_armed
    protocol.ask("run")
    assert silence.n_armed == armed + 1
    protocol.ask("matrix")
    assert silence.n_armed == armed + 1
    protocol.receive({"type": "boot", "step": "x", "done": 0, "total": 0})
    assert silence.n_armed == armed + 2


def test_an_engine_that_is_lost_for_good_is_not_called_silent():
    port = Port()
    protocol = Protocol(port)
    told = Told(protocol)
    port.timers[0].action()
    assert told.all == [("silence",)], "it has not started yet"
    protocol.receive({"type": "crash", "message": "no"})
    told.all.clear()
    port.timers[0].action()
    assert told.all == []


def test_an_engine_that_does_not_stop_when_told_to_is_stubborn_until_it_answers():
    protocol, port, told = started()
    call = protocol.ask("run")
    protocol.cancel(call.number)
    assert port.posted[-1] == {"type": "cancel", "id": call.number}
    patience = port.timers[-1]
    assert (patience.milliseconds, patience.n_armed) == (1000 * PATIENCE, 1)
    patience.action()
    assert told.all == [("stubborn",)]
    protocol.receive({"type": "cancelled", "id": call.number})
    assert told.all == [("stubborn",), ("sign",)]


def test_what_gives_way_to_something_else_has_longer_to_stop_than_what_the_user_stops():
    protocol, port, _ = started()
    protocol.cancel(protocol.ask("run").number, INDULGENCE)
    assert port.timers[-1].milliseconds == 1000 * INDULGENCE
    assert INDULGENCE > PATIENCE == 1


def test_a_cancel_that_is_obeyed_or_comes_too_late_is_no_trouble():
    protocol, port, told = started()
    call = protocol.ask("run")
    protocol.cancel(call.number)
    protocol.receive({"type": "cancelled", "id": call.number})
    port.timers[-1].action()
    assert told.all == []
    n_posted = len(port.posted)
    protocol.cancel(call.number)
    assert len(port.posted) == n_posted


def test_equal_arguments_are_written_alike_whatever_their_order():
    one = {"b": [1, {"y": None, "x": True}], "a": "α"}
    other = {"a": "α", "b": (1, {"x": True, "y": None})}
    assert key_of(one) == key_of(other)
    assert key_of(one) != key_of({"a": "α", "b": [1, {"x": True, "y": False}]})
    assert key_of("1") != key_of(1)
