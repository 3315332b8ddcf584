"""The kernel of graphs at every threshold, as text of WebAssembly: see kernels.py."""

from __future__ import annotations

from wat import Int, function, loop, move, put, var, when


def supports() -> str:
    """Sum what supports each edge over all thresholds that it is above, in many graphs of the same parcels.

    Edges join the graph from the highest level to the lowest, and components that they connect become one (the
    algorithm of Kruskal, with a forest of parcels). At each level every parcel notes ``power`` of the number of edges
    of its component; times ``weight`` of the level that is added up from the lowest level to the highest.

    ``level``, int16, holds how many thresholds each edge is above; ``first`` and ``second``, int32, are its parcels.
    ``work`` has room for 4 bytes an edge, 8 a parcel, 4 a level, and 8 for each parcel at each level, and one level
    more than there are.
    """
    return "\n".join(
        [
            _root(),
            function(
                "supports",
                "level n_graphs n_edges n_parcels n_levels first second power weight scores work",
                {"i32": "g e h p a b at to sum order parent extent counts total"},
                [
                    put("order", var("work")),
                    put("parent", var("order") + var("n_edges") * 4),
                    put("extent", var("parent") + var("n_parcels") * 4),
                    put("counts", var("extent") + var("n_parcels") * 4),
                    put("total", var("counts") + var("n_levels") * 4 + 8),
                    loop("g", var("n_graphs"), 1, *_sort(), *_join(), *_add_up(), *_read()),
                ],
            ),
        ]
    )


_ROW = var("n_parcels") * 8


def _sort() -> list[str]:
    """List the edges by level, the highest first; the count of a level becomes where its edges end in the list."""
    level = "(i32.load16_u (local.get $at))"
    place = var("counts") + Int(level) * 4
    return [
        f"(memory.fill {var('counts')} (i32.const 0) {var('n_levels') * 4 + 8})",
        put("at", var("level")),
        loop("e", var("n_edges"), 1, _add(place), move("at", 2)),
        # The list begins with the highest level.
        put("sum", 0),
        put("h", var("n_levels")),
        f"(loop $above {put('to', var('counts') + var('h') * 4)} {put('at', _at('to'))} {_store('to', var('sum'))} "
        f"{move('sum', var('at'))} (br_if $above (i32.ge_s (local.tee $h {var('h') - 1}) (i32.const 0))))",
        put("at", var("level")),
        loop(
            "e",
            var("n_edges"),
            1,
            put("to", place),
            _store(var("order") + Int(_at("to")) * 4, var("e")),
            _add(var("to")),
            move("at", 2),
        ),
    ]


def _join() -> list[str]:
    """Let edges join from the highest level down, and note at each level what its component gives each parcel."""
    alone = [
        loop(
            "p",
            var("n_parcels"),
            1,
            _store(var("parent") + var("p") * 4, var("p")),
            _store(var("extent") + var("p") * 4, 0),
        )
    ]
    joined = [
        _store(var("parent") + var("b") * 4, var("a")),
        _store(var("to"), Int(_at("to")) + Int(f"(i32.load {var('extent') + var('b') * 4})")),
    ]
    join = [
        put("at", Int(f"(i32.load {var('order') + var('e') * 4})") * 4),
        put("a", f"(call $root {var('parent')} (i32.load {var('first') + var('at')}))"),
        put("b", f"(call $root {var('parent')} (i32.load {var('second') + var('at')}))"),
        put("to", var("extent") + var("a") * 4),
        when(f"(i32.ne {var('a')} {var('b')})", *joined),
        _add(var("to")),
        move("e", 1),
    ]
    root = f"(call $root {var('parent')} {var('p')})"
    extent = Int(f"(i32.load {var('extent') + Int(root) * 4})")
    note = loop(
        "p",
        var("n_parcels"),
        1,
        f"(f64.store {var('to')} (f64.load {var('power') + extent * 8}))",
        move("to", 8),
    )
    # From the highest level down; the count of a level is now where its edges end in the list.
    return [
        *alone,
        put("e", 0),
        put("h", var("n_levels")),
        f"(block $joined (loop $lower (br_if $joined (i32.eqz {var('h')}))",
        put("sum", f"(i32.load {var('counts') + var('h') * 4})"),
        f"(block $end (loop $next (br_if $end (i32.eqz {var('e').below(var('sum'))})) {' '.join(join)} (br $next)))",
        put("to", var("total") + var("h") * _ROW),
        note,
        put("h", var("h") - 1),
        "(br $lower)))",
    ]


def _add_up() -> list[str]:
    """Add up what was noted, times the weights of the levels, from the lowest level."""
    weight = f"(f64.load {var('weight') + var('h') * 8})"
    gain = f"(f64.mul (f64.load {var('to')}) {weight})"
    return [
        f"(memory.fill {var('total')} (i32.const 0) {_ROW})",
        put("to", var("total") + _ROW),
        put("h", 0),
        f"(block $added (loop $higher (br_if $added (i32.eq {var('h')} {var('n_levels')})) {move('h', 1)}",
        loop(
            "p",
            var("n_parcels"),
            1,
            f"(f64.store {var('to')} (f64.add (f64.load {var('to') - _ROW}) {gain}))",
            move("to", 8),
        ),
        "(br $higher)))",
    ]


def _read() -> list[str]:
    """Write down what each edge has at its own level."""
    return [
        loop(
            "e",
            var("n_edges"),
            1,
            put("p", f"(i32.load {var('first') + var('e') * 4})"),
            put("at", var("total") + Int(f"(i32.load16_u {var('level')})") * _ROW + var("p") * 8),
            f"(f64.store {var('scores')} (f64.load {var('at')}))",
            move("scores", 8),
            move("level", 2),
        ),
    ]


def _root() -> str:
    """Return the root of a parcel's tree, which becomes half as deep on the way."""
    above = var("parent") + var("p") * 4
    return "\n".join(
        [
            "(func $root (param $parent i32) (param $p i32) (result i32) (local $up i32) (local $at i32)",
            f"(loop $climb {put('at', above)} {put('up', _at('at'))}",
            f"(if (i32.eq {var('up')} {var('p')}) (then (return {var('p')})))",
            put("up", f"(i32.load {var('parent') + var('up') * 4})"),
            _store(var("at"), var("up")),
            put("p", var("up")),
            "(br $climb)) (unreachable))",
        ]
    )


def _at(name: str) -> str:
    return f"(i32.load {var(name)})"


def _store(place: str, value: str | int) -> str:
    place = var(place) if not place.startswith("(") else place
    return f"(i32.store {place} {value if isinstance(value, str) else f'(i32.const {value})'})"


def _add(place: str) -> str:
    """Add 1 to a number in memory; the place is evaluated twice."""
    return _store(place, Int(f"(i32.load {place})") + 1)
