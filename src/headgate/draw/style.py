"""The look of the page: one style sheet, light and dark, for a screen and for paper."""

SHEET = (
    """
:root{--paper:#fcfcfb;--ink:#1d2229;--soft:#5b6470;--line:#e2e4e8;--card:#fff;
--c0:#2f6fb2;--c1:#e08a2e;--c2:#3f9c72;--c3:#b6534f;--c4:#7d68b8;--c5:#8a6d4b;--c6:#c76f9e;
--c7:#9aa3ad;--good:#2b7a54;--bad:#a63d39;--warn:#8a5a00}
@media (prefers-color-scheme:dark){:root{--paper:#15181c;--ink:#e8eaed;--soft:#a3abb5;
--line:#31363d;--card:#1c2025;--c0:#6aa5e0;--c1:#efa759;--c2:#67c199;--c3:#dd827e;--c4:#a997de;
--c5:#bb9c78;--c6:#e39cc3;--c7:#7b8590;--good:#67c199;--bad:#e58b87;--warn:#e0b35c}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:62rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .3rem}
h2{font-size:1.2rem;margin:2.6rem 0 .6rem;padding-top:.4rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1.2rem 0 .2rem}
.finding h3{margin:0 0 .2rem;overflow-wrap:anywhere}
p{margin:.4rem 0}
.soft,.legend,td small{color:var(--soft)}
.stamp{display:inline-block;padding:.1rem .6rem;border:1px solid currentColor;
border-radius:.3rem;font-weight:600;letter-spacing:.02em}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.sums{display:flex;flex-wrap:wrap;gap:.8rem;margin:1.2rem 0;padding:0;list-style:none}
.sums li{flex:1 1 11rem;background:var(--card);border:1px solid var(--line);
border-radius:.5rem;padding:.7rem .9rem}
.sums b{display:block;font-size:1.35rem;font-variant-numeric:tabular-nums}
.finding{background:var(--card);border:1px solid var(--line);border-radius:.5rem;
padding:.8rem 1rem;margin:.7rem 0}
.finding header{display:flex;gap:1rem;justify-content:space-between;align-items:baseline}
.finding header b{white-space:nowrap;font-variant-numeric:tabular-nums}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;margin:.5rem 0}
th,td{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);
vertical-align:top}
td.n,th.n{text-align:right;white-space:nowrap}
.scroll{overflow-x:auto}
.beside{display:grid;gap:0 1rem;
grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr))}
.beside>*{min-width:0}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--paper);
border:1px solid var(--line);border-radius:.35rem;padding:.5rem .7rem;font-size:.86rem;
margin:.5rem 0 0}
code{font-size:.9em}
svg{width:100%;min-width:38rem;height:auto;display:block;margin:.5rem 0}
svg text{fill:var(--soft);font-size:12px;font-family:inherit}
svg text.label{fill:var(--ink)}
svg .end{text-anchor:end}
svg .grid{stroke:var(--line);fill:none}
"""
    + "".join(f".c{n}{{fill:var(--c{n});background:var(--c{n})}}\n" for n in range(8))
    + """
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;list-style:none;padding:0;margin:.2rem 0;
font-size:.88rem}
.legend i{display:inline-block;width:.75rem;height:.75rem;border-radius:.15rem;
margin-right:.4rem;vertical-align:-.05rem}
details summary{cursor:pointer;color:var(--soft)}
@media print{body{background:#fff;color:#000}.finding,.sums li{break-inside:avoid}}
"""
)
