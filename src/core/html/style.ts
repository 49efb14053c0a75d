/** How a report looks: on a wide screen, on a telephone, by day, by night and on paper. */
export const STYLE = `
:root { color-scheme: light dark;
  --page: #fff; --panel: #f5f6f8; --line: #d5d9df; --ink: #1b1f24; --faint: #545d68; --link: #0a56b8;
  --critical: #b3201c; --high: #9c3d06; --medium: #755500; --low: #0a56b8; --good: #1a6b37;
  --open: #2469c8; --ended: #76808c; --revoked: #b3201c; --silent: #a17a1c; }
@media (prefers-color-scheme: dark) { :root {
  --page: #13161a; --panel: #1b2026; --line: #39414b; --ink: #e3e7ec; --faint: #a3adb8; --link: #7db5ff;
  --critical: #ff8f87; --high: #ffb27a; --medium: #e6c768; --low: #7db5ff; --good: #7bd197;
  --open: #5a9cf0; --ended: #7d8895; --revoked: #ff8f87; --silent: #b8922f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 0.94rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header, main, footer { max-width: 84rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.5rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 0.75rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.75rem; padding-bottom: 0.3rem; border-bottom: 2px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 0.25rem; }
h3 small { font-weight: normal; }
p { margin: 0.4rem 0; max-width: 60rem; }
a { color: var(--link); }
small, .faint, .meta, .note, .why, figcaption p { color: var(--faint); }
small { font-size: 0.87em; }
code { font: 0.85em/1.4 ui-monospace, "DejaVu Sans Mono", monospace; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { position: static; display: inline-block; padding: 0.5rem 1.25rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.2rem 1.25rem; margin: 0 0 1rem; }
dt { color: var(--faint); }
dd { margin: 0; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.5rem; list-style: none; margin: 0; padding: 0; }
nav a { display: block; padding: 0.45rem 0.8rem; border: 1px solid var(--line); border-radius: 0.4rem; background: var(--panel); text-decoration: none; }
nav a:hover { border-color: var(--link); }
.scroll { overflow-x: auto; margin: 0.75rem 0; border: 1px solid var(--line); border-radius: 0.4rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.94em; }
caption { text-align: left; padding: 0.5rem 0.75rem; background: var(--panel); color: var(--faint); }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.75rem; border-top: 1px solid var(--line); font-weight: normal; overflow-wrap: normal; }
thead th { background: var(--panel); color: var(--faint); font-size: 0.93em; white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
th code, td code, time { white-space: nowrap; }
td ul { list-style: none; margin: 0; padding: 0; min-width: 12rem; }
.badge { display: inline-block; padding: 0 0.45em; border: 1px solid; border-radius: 0.3em; font-size: 0.87em; font-weight: 600; white-space: nowrap; }
.critical { color: var(--critical); } .high { color: var(--high); } .medium { color: var(--medium); }
.low { color: var(--low); } .good { color: var(--good); } .plain { color: var(--faint); }
.alarm { border-left: 4px solid var(--critical); padding: 0.3rem 0.75rem; background: var(--panel); }
.findings { padding: 0; margin: 0.5rem 0; list-style: none; }
.findings li { padding: 0.5rem 0.75rem; margin: 0.5rem 0; border-left: 3px solid var(--line); background: var(--panel); }
.findings li:target { border-left-color: var(--link); }
.findings p { margin: 0; max-width: none; }
.meta { font-size: 0.9em; }
figure { margin: 1rem 0 1.5rem; }
figcaption h3 { margin-bottom: 0; }
figcaption p { margin: 0 0 0.4rem; }
svg { display: block; overflow: visible; }
.label { fill: var(--faint); font: 11px system-ui, sans-serif; }
.axis { stroke: var(--line); }
.open { fill: var(--open); } .retired, .gone { fill: var(--ended); } .revoked { fill: var(--revoked); }
.area { fill: var(--open); fill-opacity: 0.25; stroke: var(--open); stroke-width: 2px; vector-effect: non-scaling-stroke; }
.silent { fill: var(--silent); }
.refused { fill: var(--revoked); font: bold 13px system-ui, sans-serif; }
.legend span { margin-right: 0.9rem; white-space: nowrap; }
.key-open { color: var(--open); } .key-ended { color: var(--faint); } .key-revoked, .key-refused { color: var(--revoked); } .key-silent { color: var(--medium); }
footer { margin-top: 3rem; padding-bottom: 2rem; color: var(--faint); }
@media (max-width: 40rem) { header, main, footer { padding-left: 0.8rem; padding-right: 0.8rem; } dl { display: block; } dd { margin-bottom: 0.4rem; } }
@media print {
  @page { margin: 14mm; size: A4 landscape; }
  :root { --page: #fff; --panel: #f5f6f8; --line: #c5cad1; --ink: #000; --faint: #444c56; --link: #000;
    --critical: #9c1713; --high: #843204; --medium: #5f4500; --low: #0a4a9e; --good: #14552b;
    --open: #2469c8; --ended: #76808c; --revoked: #9c1713; --silent: #a17a1c; }
  body { font-size: 9pt; } header, main, footer { max-width: none; padding: 0; }
  nav, .skip { display: none; }
  .scroll { overflow: visible; border: 0; } table { font-size: 7.5pt; } th, td { padding: 0.15rem 0.35rem; }
  th code, td code, td small { display: inline-block; white-space: normal; overflow-wrap: anywhere; min-width: 7em; }
  td time { white-space: normal; }
  td ul { min-width: 0; }
  thead { display: table-header-group; } tr, figure, .findings li { break-inside: avoid; } h2, h3 { break-after: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
