"""Style: the only style sheet of an HTML report, for screens in both themes and for paper."""

STYLE = """
:root { --page: #fff; --ink: #18212b; --muted: #56626f; --line: #dbe0e5; --soft: #f3f5f7; --accent: #0e5c94;
  --warning: #b36b00; }
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #0f1318; --ink: #e4e9ee; --muted: #9aa8b5; --line: #2b343e; --soft: #171c23; --accent: #6fb5ea;
    --warning: #e0a83f; }
  .paper { padding: 0.7rem; }
}
* { box-sizing: border-box; }
html { color-scheme: light dark; }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
body { margin: 0; background: var(--page); color: var(--ink); }
body, table { font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif; }
main { max-width: 56rem; margin: 0 auto; padding: 3rem 1.5rem 5rem; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; letter-spacing: -0.01em; }
h2 { margin: 2.4rem 0 0.6rem; font-size: 1.15rem; line-height: 1.3; break-after: avoid; }
p { margin: 0 0 0.6rem; overflow-wrap: anywhere; }
header > p { color: var(--muted); margin: 0.4rem 0 0; }
header > .cohort { color: var(--ink); }
.quiet { color: var(--muted); }
.care { margin: 1.2rem 0 0; padding: 0.5rem 0.9rem; background: var(--soft); border-radius: 6px; font-size: 0.87rem;
  color: var(--muted); }
a { color: var(--accent); text-underline-offset: 2px; }
ul, ol { margin: 0; padding-left: 1.2rem; }
li { margin: 0.25rem 0; overflow-wrap: anywhere; }
.verdict { margin-top: 1.8rem; padding: 0.1rem 1.2rem 1rem; border: 1px solid var(--line);
  border-left: 3px solid var(--accent); border-radius: 6px; }
.verdict h2 { margin-top: 0.9rem; }
.warnings { margin-top: 1.8rem; padding-left: 1.1rem; border-left: 3px solid var(--warning); }
.warnings h2 { margin-top: 0; }
.numbers { display: flex; flex-wrap: wrap; gap: 0.5rem 2.2rem; margin: 1.8rem 0 0; }
.numbers dt, .settings dt { font-size: 0.87rem; color: var(--muted); }
.numbers dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.settings { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); gap: 0.5rem 1.5rem;
  margin: 0; }
.settings dd { margin: 0; overflow-wrap: anywhere; }
.note { margin-top: 1.2rem; padding-left: 1.1rem; border-left: 3px solid var(--accent); font-size: 1.05rem; }
.kept { margin-top: 4rem; padding-top: 1rem; border-top: 2px solid var(--line); }
.kept h2 { margin: 0; font-size: 1.6rem; line-height: 1.2; }
.kept h3 { margin: 2.2rem 0 0.6rem; font-size: 1.12rem; break-after: avoid; }
@media print { .kept { break-before: page; } }
nav { margin-top: 2.4rem; padding: 0.8rem 1.2rem; background: var(--soft); border-radius: 6px; font-size: 0.92rem; }
nav ol { list-style: none; padding: 0; columns: 2 18rem; column-gap: 2rem; }
nav li { display: grid; grid-template-columns: 5rem 1fr; margin: 0; break-inside: avoid; }
figure { margin: 1.6rem 0 2.4rem; scroll-margin-top: 1rem; }
figure:target { outline: 2px solid var(--accent); outline-offset: 10px; border-radius: 4px; }
figcaption { font-size: 0.92rem; color: var(--muted); overflow-wrap: anywhere; white-space: pre-line; }
figcaption strong { color: var(--ink); }
.paper { color-scheme: light; background: #fff; border-radius: 6px; margin-bottom: 0.5rem; overflow: hidden; }
svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
svg * { stroke-linejoin: round; stroke-linecap: butt; }
.table figcaption { margin-bottom: 0.5rem; }
.wide { width: min(76rem, 100vw - 4rem); margin-left: 50%; transform: translateX(-50%); }
.wide table { font-size: 0.8rem; }
.wide :is(td, th) { padding-inline: 6px; }
.download { white-space: nowrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.87rem; border-top: 1px solid var(--ink);
  border-bottom: 1px solid var(--ink); }
th { text-align: left; vertical-align: bottom; font-weight: 600; padding: 4px 10px;
  border-bottom: 1px solid var(--ink); }
td { padding: 2px 10px; white-space: pre; }
tbody tr + tr td { border-top: 1px solid var(--line); }
:is(th, td):is(.number, .integer, .mixed, .p) { text-align: right; font-variant-numeric: tabular-nums; }
summary { cursor: pointer; color: var(--accent); font-size: 0.92rem; }
details table { margin-top: 0.5rem; width: auto; }
pre { margin: 0; padding: 0.9rem 1.1rem; background: var(--soft); border-radius: 6px; overflow-x: auto;
  font: 0.8rem/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.references li { font-size: 0.92rem; }
@media print {
  @page { margin: 18mm 16mm; }
  html { color-scheme: light; font-size: 11px; }
  body, table { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  figure { break-inside: avoid; }
  figure.table { break-inside: auto; width: auto; margin-inline: 0; transform: none; }
  tr { break-inside: avoid; }
  td, th { padding: 1px 5px; }
  td.text { white-space: pre-wrap; }
  .wide table { font-size: 7pt; }
  .wide :is(td, th) { padding-inline: 3px; }
  .download, .numbers-all, nav { display: none; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  a { color: inherit; text-decoration: none; }
}
"""
