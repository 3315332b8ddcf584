"""The kernels that rank, and that find what is large, as text of WebAssembly: see kernels.py."""

from __future__ import annotations

from kernel_products import Numbers
from wat import Int, function, loop, move, put, var, when

#: Columns ranked together: the numbers that a line of the cache brings.
TOGETHER = 16
#: Values that a digit of a sorted key can take.
_DIGITS = 256


def largest(t: Numbers) -> str:
    """Raise ``n_rows`` numbers to the largest magnitude in each row of a matrix; NaN if there is one."""
    at_once = 16 // t.size
    vector = f"({t.lanes}.max (local.get $many) ({t.lanes}.abs (v128.load {var('place')})))"
    one = f"({t.name}.max (local.get $one) ({t.name}.abs ({t.name}.load {var('place')})))"
    lanes = [f"({t.lanes}.extract_lane {lane} (local.get $many))" for lane in range(at_once)]
    return function(
        f"largest_{t.name}",
        "values row n_rows n largest",
        {"i32": "i j place", "v128": "many", t.name: "one"},
        [
            loop(
                "i",
                var("n_rows"),
                1,
                put("place", "(local.get $values)"),
                f"(local.set $many (v128.const i32x4 0 0 0 0)) (local.set $one ({t.name}.load {var('largest')}))",
                loop("j", var("n") & -at_once, at_once, f"(local.set $many {vector})", move("place", 16)),
                loop("j", var("n") & (at_once - 1), 1, f"(local.set $one {one})", move("place", t.size)),
                *(f"(local.set $one ({t.name}.max (local.get $one) {lane}))" for lane in lanes),
                f"({t.name}.store {var('largest')} (local.get $one))",
                move("largest", t.size),
                move("values", var("row")),
            )
        ],
    )


def above(t: Numbers) -> str:
    """List the numbers whose magnitude is at least the limit of their row; return how many there are.

    What is listed are their places, counted along rows and from row to row, and the numbers.
    """
    at_once = 16 // t.size
    # Most vectors have none.
    four = f"({t.lanes}.ge ({t.lanes}.abs (v128.load {var('place')})) (local.get $limits))"
    number = f"({t.name}.load {var('place')})"
    reaches = f"({t.name}.ge ({t.name}.abs {number}) ({t.name}.load {var('limit')}))"
    note = when(
        reaches,
        f"(i32.store {var('places') + var('found') * 4} {var('first') + var('j')})",
        f"({t.name}.store {var('numbers') + var('found') * t.size} {number})",
        move("found", 1),
    )
    skip = when(
        f"(i32.and {(var('j') + at_once).below(var('n') + 1)} (i32.eqz (v128.any_true {four})))",
        move("place", 16),
        move("j", at_once - 1),
        "(br $j.next)",
    )
    return function(
        f"above_{t.name}",
        "values row n_rows n limit places numbers",
        {"i32": "i j place first found", "v128": "limits"},
        [
            loop(
                "i",
                var("n_rows"),
                1,
                put("place", "(local.get $values)"),
                f"(local.set $limits (v128.load{8 * t.size}_splat {var('limit')}))",
                loop("j", var("n"), 1, skip, note, move("place", t.size)),
                move("first", var("n")),
                move("limit", t.size),
                move("values", var("row")),
            ),
            "(local.get $found)",
        ],
        "i32",
    )


def pairs(t: Numbers) -> str:
    """Multiply pairs of rows: for each of ``n`` pairs, the sum of the products of ``k`` numbers."""
    at_once = 16 // t.size
    left, right = var("place"), var("other")

    def product(which: str, offset: int) -> str:
        there = f"(v128.load offset={offset} {left}) (v128.load offset={offset} {right})"
        return f"(local.set ${which} ({t.lanes}.add (local.get ${which}) ({t.lanes}.mul {there})))"

    one = f"({t.name}.mul ({t.name}.load {left}) ({t.name}.load {right}))"
    lanes = [f"({t.lanes}.extract_lane {lane} (local.get $even))" for lane in range(at_once)]
    return function(
        f"pairs_{t.name}",
        "left left_row right right_row k lefts rights n out",
        {"i32": "i j place other", "v128": "even odd", t.name: "sum"},
        [
            loop(
                "i",
                var("n"),
                1,
                put("place", var("left") + Int(f"(i32.load {var('lefts')})") * var("left_row")),
                put("other", var("right") + Int(f"(i32.load {var('rights')})") * var("right_row")),
                "(local.set $even (v128.const i32x4 0 0 0 0)) (local.set $odd (v128.const i32x4 0 0 0 0))",
                f"(local.set $sum ({t.name}.const 0))",
                loop(
                    "j",
                    var("k") & -2 * at_once,
                    2 * at_once,
                    product("even", 0),
                    product("odd", 16),
                    move("place", 32),
                    move("other", 32),
                ),
                loop(
                    "j",
                    var("k") & (2 * at_once - 1),
                    1,
                    f"(local.set $sum ({t.name}.add (local.get $sum) {one}))",
                    move("place", t.size),
                    move("other", t.size),
                ),
                f"(local.set $even ({t.lanes}.add (local.get $even) (local.get $odd)))",
                *(f"(local.set $sum ({t.name}.add (local.get $sum) {lane}))" for lane in lanes),
                f"({t.name}.store {var('out')} (local.get $sum))",
                *(move(name, 4) for name in ("lefts", "rights")),
                move("out", t.size),
            )
        ],
    )


# --- ranks ----------------------------------------------------------------------------------------


def ranks(t: Numbers) -> str:
    """Rank ``n`` numbers of each of ``n_columns`` columns whose numbers are side by side in rows.

    By radix: keys in the order of the numbers are sorted with their places, by one byte after the other, but for bytes
    that are the same in all. Keys of missing numbers are all ones, after all others.

    In ``work`` are the counts of each byte, and for each of some columns at a time two lists of keys and places and one
    of ranks; `rank_work` is how long that is.
    """
    columns = loop(
        "first",
        var("n_columns"),
        TOGETHER,
        put("together", (var("n_columns") - var("first")).at_most(TOGETHER)),
        *_gather_sort_scatter(t),
    )
    body = function(
        f"ranks_{t.name}",
        "values row n n_columns out out_row work",
        {"i32": "first together column i from to"},
        [columns],
    )
    return "\n".join([_note(t), _rank_one(t), body])


def _gather_sort_scatter(t: Numbers) -> list[str]:
    record = 2 * t.size
    lists = var("work") + t.size * _DIGITS * 4
    column = var("n") * (2 * record + 8)
    number = f"({t.name}.load {var('to')})"
    gather = loop(
        "i",
        var("n"),
        1,
        put("to", var("values") + var("i") * var("row") + var("first") * t.size),
        put("from", lists + var("i") * record),
        loop(
            "column",
            var("together"),
            1,
            f"(call $note_{t.name} {number} {var('i')} {var('from')})",
            move("to", t.size),
            move("from", column),
        ),
    )
    rank_of = f"(f64.load {var('from')})"
    scatter = loop(
        "i",
        var("n"),
        1,
        put("to", var("out") + var("i") * var("out_row") + var("first") * t.size),
        put("from", lists + var("n") * (2 * record) + var("i") * 8),
        loop(
            "column",
            var("together"),
            1,
            f"({t.name}.store {var('to')} {_narrowed(t, rank_of)})",
            move("to", t.size),
            move("from", column),
        ),
    )
    sort = loop(
        "column",
        var("together"),
        1,
        f"(call $rank_one_{t.name} {lists + var('column') * column} {var('n')} {var('work')})",
    )
    return [gather, sort, scatter]


def _narrowed(t: Numbers, rank: str) -> str:
    return rank if t.size == 8 else f"(f32.demote_f64 {rank})"


def _note(t: Numbers) -> str:
    """Write the key and the place of a number."""
    whole = f"i{8 * t.size}"
    # -0 becomes 0. The order of other numbers is that of their bits, with those of negative ones inverted.
    bits = f"({whole}.reinterpret_{t.name} ({t.name}.add (local.get $x) ({t.name}.const 0)))"
    lowest = f"({whole}.shl ({whole}.const 1) ({whole}.const {8 * t.size - 1}))"
    sign = f"({whole}.or ({whole}.shr_s (local.get $key) ({whole}.const {8 * t.size - 1})) {lowest})"
    finite = f"({t.name}.lt ({t.name}.abs (local.get $x)) ({t.name}.const inf))"
    key = f"(select ({whole}.xor (local.get $key) {sign}) ({whole}.const -1) {finite})"
    return (
        f"(func $note_{t.name} (param $x {t.name}) (param $place i32) (param $to i32) (local $key {whole})\n"
        f"(local.set $key {bits}) ({whole}.store {var('to')} {key})"
        f" (i32.store offset={t.size} {var('to')} {var('place')}))"
    )


def _rank_one(t: Numbers) -> str:
    """Sort a list of keys with their places, the second list for help, and write the ranks into the third."""
    count_all = [
        f"(local.set $to {_count(byte)}) (i32.store (local.get $to) {Int('(i32.load (local.get $to))') + 1})"
        for byte in range(t.size)
    ]
    return "\n".join(
        [
            f"(func $rank_one_{t.name} (param $from i32) (param $n i32) (param $counts i32)",
            "(local $i i32) (local $at i32) (local $to i32) (local $start i32) (local $last i32) (local $other i32)",
            f"(local $ranks i32) (local $key i{8 * t.size}) (local $rank f64)",
            put("other", var("from") + var("n") * (2 * t.size)),
            put("ranks", var("other") + var("n") * (2 * t.size)),
            f"(memory.fill {var('counts')} (i32.const 0) (i32.const {t.size * _DIGITS * 4}))",
            put("at", var("from")),
            loop("i", var("n"), 1, *count_all, move("at", 2 * t.size)),
            *(_sort_by(t, byte) for byte in range(t.size)),
            *_write_ranks(t),
            ")",
        ]
    )


def _count(byte: int, record: str = "at") -> Int:
    """Return where the count of a record's byte is."""
    return var("counts") + Int(f"(i32.load8_u offset={byte} {var(record)})") * 4 + byte * _DIGITS * 4


def _sort_by(t: Numbers, byte: int) -> str:
    """Move the records to the other list, in the order of a byte and else in that they have, unless all have the same.

    Counts become the places where the records of each value begin, and then end.
    """
    record = 2 * t.size
    number = "v128" if t.size == 8 else "i64"
    return when(
        f"(i32.ne (i32.load {_count(byte, 'from')}) {var('n')})",
        put("start", var("other")),
        put("to", var("counts") + byte * _DIGITS * 4),
        loop(
            "i",
            _DIGITS,
            1,
            put("at", "(i32.load (local.get $to))"),
            f"(i32.store {var('to')} {var('start')})",
            move("start", var("at") * record),
            move("to", 4),
        ),
        put("at", var("from")),
        loop(
            "i",
            var("n"),
            1,
            put("start", _count(byte)),
            put("to", "(i32.load (local.get $start))"),
            f"(i32.store {var('start')} {var('to') + record})",
            f"({number}.store {var('to')} ({number}.load {var('at')}))",
            move("at", record),
        ),
        put("at", var("from")),
        put("from", var("other")),
        put("other", var("at")),
    )


def _write_ranks(t: Numbers) -> list[str]:
    """Write the ranks to the places of the records, which are sorted."""
    whole, record = f"i{8 * t.size}", 2 * t.size
    key = f"({whole}.load {var('at')})"
    same = f"(i32.and {var('last').below(var('n'))} ({whole}.eq (local.get $key) {key}))"
    rank = f"(f64.add (f64.div (f64.convert_i32_u {var('i') + var('last') - 1}) (f64.const 2)) (f64.const 1))"
    place = Int(f"(i32.load offset={t.size} {var('at')})")
    return [
        put("at", var("from")),
        loop(
            "i",
            var("n"),
            0,
            f"(local.set $key {key})",
            put("last", var("i")),
            put("start", var("at")),
            # Past the last of those that are equal; what is behind the list is read and not used.
            f"(loop $equal {move('last', 1)} {move('at', record)} (br_if $equal {same}))",
            f"(local.set $rank (select (f64.const nan) {rank} ({whole}.eq (local.get $key) ({whole}.const -1))))",
            put("at", var("start")),
            f"(loop $write (f64.store {var('ranks') + place * 8} (local.get $rank)) {move('at', record)} "
            f"(br_if $write (i32.lt_u (local.tee $i {var('i') + 1}) {var('last')})))",
        ),
    ]


def rank_work() -> dict[str, int]:
    """Return the bytes of workspace that ranking takes, and what each row adds to it, of the longer type."""
    return {"rank_counts": 8 * _DIGITS * 4, "rank_row": TOGETHER * (2 * 16 + 8)}
