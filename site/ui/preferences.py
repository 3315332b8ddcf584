"""Preferences: what the user chose of the page itself, kept in this browser where it has a store for that."""

import js
from jsffi import JsException


def stored(name, default):
    """What was chosen, or a default."""
    try:
        value = js.localStorage.getItem(_key(name))
    except JsException:
        return default
    return default if value is None else str(value)


def store(name, value):
    """Keep a choice for the next time, where that is possible."""
    try:
        js.localStorage.setItem(_key(name), value)
    except JsException as error:
        js.console.debug(f"{name} is not kept: {error}")


def forget(name):
    """Keep a choice no longer."""
    try:
        js.localStorage.removeItem(_key(name))
    except JsException as error:
        js.console.debug(f"{name} is not forgotten: {error}")


def _key(name):
    return f"imagenomer-{name}"
