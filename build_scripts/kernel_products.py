"""The kernels that multiply matrices, as text of WebAssembly: see kernels.py.

In the way of Goto and van de Geijn (2008), ACM Trans. Math. Softw. 34:12: both operands are packed, part by part, into
panels that the caches hold, and the innermost loop keeps a tile of the result in registers. Operands are read where
they lie, whatever their strides.
"""

from __future__ import annotations

from dataclasses import dataclass

from wat import Int, either, function, loop, move, put, var, when

#: Length of what is packed at a time, so that a strip of the right operand stays in the first cache.
DEPTH = 384
#: Bytes of a packed block of the left operand, for the second cache.
BLOCK = 1 << 18
#: Bytes that ``multiply`` packs into: a tile, a strip of the right operand and a block of the left one.
WORKSPACE = 3 << 17


@dataclass(frozen=True, slots=True)
class Numbers:
    """A type of numbers, and the tile of a product that the registers hold.

    Attributes
    ----------
    name : {"f32", "f64"}
    size : int
        Bytes of a number.
    total : {"f32", "f64"}
        Type of the result, to which what was summed in the registers is added.
    rows, vectors : int
        Of the tile. x86 has sixteen registers: the tile takes ``rows * vectors`` of them, ``vectors`` hold a row of the
        right operand and one a number of the left; where multiplying and adding are two steps, products need some too.
    relaxed : bool
    """

    name: str
    size: int
    total: str
    rows: int
    vectors: int
    relaxed: bool

    @property
    def suffix(self) -> str:
        return self.name if self.total == self.name else f"{self.name}_{self.total}"

    @property
    def total_size(self) -> int:
        return int(self.total[1:]) // 8

    @property
    def lanes(self) -> str:
        return f"{self.name}x{16 // self.size}"

    @property
    def columns(self) -> int:
        return self.vectors * 16 // self.size

    @property
    def height(self) -> int:
        """Rows of the left operand in a packed block, whole tiles."""
        return BLOCK // (DEPTH * self.size) // self.rows * self.rows

    def sum(self, total: str, left: str, right: str) -> str:
        """Return ``total`` plus a product."""
        if self.relaxed:
            return f"({self.lanes}.relaxed_madd {left} {right} {total})"
        return f"({self.lanes}.add {total} ({self.lanes}.mul {left} {right}))"


#: Brings the upper two numbers of four down.
UPPER_HALF = " ".join(map(str, [*range(8, 16), *range(8)]))


def tile(t: Numbers) -> str:
    """Multiply packed panels: ``depth`` times a column of the left one by a row of the right one."""
    cells = [(row, vector) for row in range(t.rows) for vector in range(t.vectors)]
    step = [f"(local.set $x{v} (v128.load offset={16 * v} (local.get $right)))" for v in range(t.vectors)]
    for row in range(t.rows):
        step.append(f"(local.set $one (v128.load{8 * t.size}_splat offset={t.size * row} (local.get $left)))")
        for v in range(t.vectors):
            total = t.sum(f"(local.get $c{row}_{v})", "(local.get $one)", f"(local.get $x{v})")
            step.append(f"(local.set $c{row}_{v} {total})")
    step += [move("left", t.rows * t.size), move("right", t.columns * t.size)]
    store = []
    for row in range(t.rows):
        numbers = [f"(local.get $c{row}_{v})" for v in range(t.vectors)]
        if t.total != t.name:
            halves = [(number, f"(i8x16.shuffle {UPPER_HALF} {number} {number})") for number in numbers]
            numbers = [f"(f64x2.promote_low_f32x4 {half})" for pair in halves for half in pair]
        lanes = f"{t.total}x{16 // t.total_size}"
        for v, number in enumerate(numbers):
            there = f"(v128.load offset={16 * v} (local.get $out))"
            total = f"(if (result v128) (local.get $add) (then ({lanes}.add {there} {number})) (else {number}))"
            store.append(f"(v128.store offset={16 * v} (local.get $out) {total})")
        store.append(move("out", var("out_row")))
    names = " ".join(["one", *(f"x{v}" for v in range(t.vectors)), *(f"c{row}_{v}" for row, v in cells)])
    return function(
        f"tile_{t.suffix}",
        "left right depth out out_row add",
        {"v128": names},
        [
            "(loop $again",
            *step,
            f"(br_if $again (local.tee $depth {var('depth') - 1})))",
            *store,
        ],
    )


def pack(t: Numbers, side: str, width: int) -> str:
    """Copy ``depth`` times ``n`` of ``width`` numbers to where they follow each other, 0 for those that are not there.

    They are ``across`` from each other, and ``along`` from the next time's.
    """
    load, store = f"{t.name}.load", f"{t.name}.store"
    step, at_once = width * t.size, 16 // t.size
    pointers = [f"p{r}" for r in range(width)]
    one = [f"({store} offset={t.size * r} {var('to')} ({load} {var(name)}))" for r, name in enumerate(pointers)]
    rows = [
        f"(v128.store offset={16 * v} {var('to')} (v128.load offset={16 * v} {var('from')}))" for v in range(step // 16)
    ]
    beside = [loop("i", var("depth"), 1, *rows, move("from", var("along")), move("to", step)), "(return)"]
    whole_vectors = loop(
        "i",
        var("depth") & -at_once,
        at_once,
        *_transposed(t, width),
        *(move(name, 16) for name in pointers),
        move("to", step * at_once),
    )
    whole = [
        *([when(var("across").equals(t.size), *beside)] if step % 16 == 0 else []),
        *(put(name, var("from") + var("across") * r) for r, name in enumerate(pointers)),
        when(var("along").equals(t.size), whole_vectors, put("depth", var("depth") & (at_once - 1))),
        loop("i", var("depth"), 1, *one, *(move(name, var("along")) for name in pointers), move("to", step)),
        "(return)",
    ]
    partly = [
        f"(memory.fill {var('to')} (i32.const 0) {var('depth') * step})",
        loop(
            "r",
            var("n"),
            1,
            put("p0", var("from") + var("across") * var("r")),
            put("start", var("to") + var("r") * t.size),
            loop(
                "i",
                var("depth"),
                1,
                f"({store} {var('start')} ({load} {var('p0')}))",
                move("p0", var("along")),
                move("start", step),
            ),
        ),
    ]
    return function(
        f"pack_{side}_{t.name}",
        "from along across n depth to",
        {"i32": " ".join(["i", "r", "start", *pointers]), "v128": "x0 x1 x2 x3 y0 y1 y2 y3"},
        [when(var("n").equals(width), *whole), *partly],
    )


def _transposed(t: Numbers, width: int) -> list[str]:
    """Copy a vector of each of ``width`` columns so that those of the same depth are side by side."""
    size, step = t.size, width * t.size
    lines = []
    for first in range(0, width, 4 if t.size == 4 else 2):
        columns = range(first, min(first + (4 if t.size == 4 else 2), width))
        lines += [f"(local.set $x{c - first} (v128.load {var(f'p{c}')}))" for c in columns]
        if size == 8:
            pairs = [_lanes(8, "x0", "x1", (0, 2)), _lanes(8, "x0", "x1", (1, 3))]
            lines += [f"(v128.store offset={d * step + first * 8} {var('to')} {pair})" for d, pair in enumerate(pairs)]
            continue
        lines += [
            f"(local.set $y{2 * pair + half} {_lanes(4, f'x{2 * pair}', f'x{2 * pair + 1}', lanes)})"
            for pair in range(len(columns) // 2)
            for half, lanes in enumerate(((0, 4, 1, 5), (2, 6, 3, 7)))
        ]
        for d in range(4):
            place = f"offset={d * step + first * 4}"
            if len(columns) == 4:
                row = _lanes(8, f"y{d // 2}", f"y{2 + d // 2}", (d % 2, 2 + d % 2))
                lines.append(f"(v128.store {place} {var('to')} {row})")
            else:
                lines.append(f"(v128.store64_lane {place} {d % 2} {var('to')} (local.get $y{d // 2}))")
    return lines


def _lanes(size: int, left: str, right: str, lanes: tuple[int, ...]) -> str:
    """Return a vector of some lanes of two others, which are counted through."""
    numbers = " ".join(str(lane * size + byte) for lane in lanes for byte in range(size))
    return f"(i8x16.shuffle {numbers} (local.get ${left}) (local.get ${right}))"


def multiply(t: Numbers) -> str:
    """Multiply matrices of (m, k) and (k, n) numbers, (m, n) the result, to which the product is added if ``add``.

    The rows of the result have their numbers side by side. If ``upper``, tiles below the diagonal are left out.
    """
    assert _block_place(t) + t.height * DEPTH * t.size <= WORKSPACE
    left = var("left") + (var("i0") + var("i")) * var("left_row") + var("k0") * var("left_column")
    right = var("right") + var("k0") * var("right_row") + var("j0") * var("right_column")
    rows = (var("mc") - var("i")).at_most(t.rows)
    packed_rows = f"{rows} {var('kc')} {_panel(t)}"
    pack_left = f"(call $pack_left_{t.name} {left} {var('left_column')} {var('left_row')} {packed_rows})"
    packed_columns = f"{var('nc')} {var('kc')} {_strip(t)}"
    pack_right = f"(call $pack_right_{t.name} {right} {var('right_row')} {var('right_column')} {packed_columns})"
    # Those that are below the diagonal with all their rows.
    below = var("upper") & (var("j0") + var("nc")).below(var("i0") + 1)
    columns = loop(
        "j0",
        var("n"),
        t.columns,
        put("nc", (var("n") - var("j0")).at_most(t.columns)),
        when(below, "(br $j0.next)"),
        pack_right,
        _tiles(t),
    )
    blocks = loop(
        "i0",
        var("m"),
        t.height,
        put("mc", (var("m") - var("i0")).at_most(t.height)),
        loop("i", var("mc"), t.rows, pack_left),
        columns,
    )
    return function(
        f"multiply_{t.suffix}",
        "left left_row left_column right right_row right_column out out_row m n k add upper work",
        {"i32": "i j0 i0 k0 mc nc kc r s place source"},
        [loop("k0", var("k"), DEPTH, put("kc", (var("k") - var("k0")).at_most(DEPTH)), blocks, put("add", 1))],
    )


def _strip(t: Numbers) -> Int:
    """Return where the packed strip of the right operand is, behind a tile."""
    return var("work") + t.rows * t.columns * t.total_size


def _block_place(t: Numbers) -> int:
    return t.rows * t.columns * t.total_size + DEPTH * t.columns * t.size


def _panel(t: Numbers) -> Int:
    """Return where the packed rows of the left operand from ``i`` on are."""
    return var("work") + _block_place(t) + var("i") * (var("kc") * t.size)


def _tiles(t: Numbers) -> str:
    """Multiply the packed block of the left operand by the packed strip of the right one."""
    place = var("out") + (var("i0") + var("i")) * var("out_row") + var("j0") * t.total_size
    call = f"(call $tile_{t.suffix} {_panel(t)} {_strip(t)} {var('kc')}"
    whole = [f"{call} {place} {var('out_row')} {var('add')})"]
    number = f"({t.total}.load {var('source')})"
    sum_ = f"({t.total}.add ({t.total}.load {var('place')}) {number})"
    value = f"(if (result {t.total}) {var('add')} (then {sum_}) (else {number}))"
    # Whole in the workspace, and from there what of it is wanted.
    partly = [
        f"{call} {var('work')} (i32.const {t.columns * t.total_size}) (i32.const 0))",
        loop(
            "r",
            (var("mc") - var("i")).at_most(t.rows),
            1,
            put("place", place + var("r") * var("out_row")),
            put("source", var("work") + var("r") * (t.columns * t.total_size)),
            loop(
                "s",
                var("nc"),
                1,
                f"({t.total}.store {var('place')} {value})",
                move("place", t.total_size),
                move("source", t.total_size),
            ),
        ),
    ]
    inside = var("nc").equals(t.columns) & (var("i") + t.rows).below(var("mc") + 1)
    # Those that come after are farther below the diagonal.
    below = var("upper") & (var("j0") + var("nc")).below(var("i0") + var("i") + 1)
    return loop("i", var("mc"), t.rows, when(below, "(br $i.end)"), either(inside, whole, partly))
