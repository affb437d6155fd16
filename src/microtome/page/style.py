"""How report pages look; colours are those of the viewer."""

STYLE = """
:root { color-scheme:light dark; --page:#f6f6f4; --card:#fff; --sunken:#f1f1ee; --ink:#1a1d23;
  --soft:#5a616e; --faint:#8a909c; --line:#e0e1de; --row:#efefec; --accent:#4046b8;
  --accent-wash:#d9daf4; --good:#1f7a43; --good-wash:#e4f3ea; --warn:#8f5a00; --warn-wash:#fdf3df;
  --bad:#a8201a; --bad-wash:#f6d3d0; --neutral-wash:#e2e3e6; --mark:#fbe3c8 }
@media (prefers-color-scheme:dark) { :root { --page:#14161a; --card:#1c1f25; --sunken:#22262e;
  --ink:#e6e8ec; --soft:#a3abb8; --faint:#7d8594; --line:#2e333d; --row:#272b33; --accent:#a9b0ff;
  --accent-wash:#363b6b; --good:#5fcb8c; --good-wash:#183626; --warn:#e8b04d; --warn-wash:#3a2e16;
  --bad:#ff8f87; --bad-wash:#5a2723; --neutral-wash:#343943; --mark:#5c431f } }
* { box-sizing:border-box }
body { margin:0; background:var(--page); color:var(--ink);
  font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif }
main { max-width:1240px; margin:0 auto; padding:32px 20px 64px }
main.wide { max-width:2240px }
h1 { font-size:26px; line-height:1.25; margin:0 0 4px }
h2 { font-size:20px; margin:18px 0 6px; overflow-wrap:anywhere }
h3 { font-size:15px; margin:24px 0 6px } p { margin:6px 0; max-width:84ch }
a { color:var(--accent) } .soft { color:var(--soft) }
section { background:var(--card); border:1px solid var(--line); border-radius:10px;
  padding:8px 24px 24px; margin-top:24px }
.scroll { overflow-x:auto } table { border-collapse:collapse; width:100%; font-size:13.5px;
  font-variant-numeric:tabular-nums; margin:8px 0 }
th { text-align:left; color:var(--soft); font-weight:500; border-bottom:1px solid var(--line);
  padding:4px 10px 4px 0; vertical-align:bottom }
td { padding:4px 10px 4px 0; border-bottom:1px solid var(--row); vertical-align:top }
td:first-child { white-space:nowrap } td small { color:var(--soft) }
table.figures th,table.figures td { text-align:right; white-space:nowrap; padding:4px 7px }
table.figures th:first-child,table.figures td:first-child { text-align:left; padding-left:0 }
table.figures .text { text-align:left; white-space:normal; overflow-wrap:anywhere }
tr.last td { font-weight:600 } mark { background:var(--mark); color:inherit; border-radius:3px;
  padding:0 2px }
img { max-width:100%; height:auto; display:block; margin:8px 0; background:#fff; border-radius:6px }
details { margin-top:20px } details+details { margin-top:4px }
summary { cursor:pointer; color:var(--soft) }
b.holds { color:var(--good) } b.partly { color:var(--warn) } b.fails { color:var(--bad) }
@media (min-width:2000px) { body { font-size:16.5px } table { font-size:15px } }
"""
