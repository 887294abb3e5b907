/** One style for all pages of the sandbox; light and dark, no outside resource. */
export const style = `
:root { color-scheme: light dark; --ink: #16181d; --soft: #5b6270; --page: #f3f4f7; --card: #fff; --line: #d9dce3; --accent: #1f5fd6; --on: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eceef3; --soft: #a3abba; --page: #111318; --card: #1a1d24; --line: #343945; --accent: #7fb0ff; --on: #0d1420; }
}
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); }
main { max-width: 46rem; margin: 2rem auto; padding: 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
p { margin: .5rem 0; }
.soft { color: var(--soft); }
.badge { display: inline-block; margin-bottom: .75rem; padding: .1rem .6rem; border: 1px solid var(--line); border-radius: 99px; font-size: .8rem; color: var(--soft); }
code { font: .88em ui-monospace, monospace; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; }
th { white-space: nowrap; }
th, td { padding: .35rem .5rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
fieldset { margin: 0; padding: 0; border: 0; }
legend { padding: 0; font-size: 1.05rem; font-weight: 700; margin: 1.75rem 0 .5rem; }
.people { display: grid; gap: .5rem; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); }
.person { display: flex; gap: .7rem; align-items: flex-start; padding: .7rem; border: 1px solid var(--line); border-radius: 10px; cursor: pointer; }
.person:has(:checked) { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.person:focus-within { outline: 3px solid var(--accent); outline-offset: 2px; }
.person input { margin-top: .3rem; accent-color: var(--accent); }
.person img { width: 36px; height: 36px; border-radius: 50%; }
.person span { display: block; }
.boxes { display: none; margin: .4rem 0 .6rem .7rem; }
.boxes legend { margin: .3rem 0; font-size: .95rem; }
.boxes label { display: block; padding: .15rem 0; }
.boxes input { accent-color: var(--accent); }
.choice:has(.person :checked) .boxes { display: block; }
.actions { position: sticky; bottom: 0; display: flex; gap: .75rem; margin-top: 1.25rem; padding: 1rem 0 .25rem; background: var(--card); border-top: 1px solid var(--line); }
button { flex: 1; padding: .75rem 1rem; font: inherit; font-weight: 600; color: var(--ink); background: transparent; border: 1px solid var(--line); border-radius: 10px; cursor: pointer; }
button.yes { color: var(--on); background: var(--accent); border-color: var(--accent); }
button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); }
@media (max-width: 30rem) { main { margin: 0; border: 0; border-radius: 0; padding: 1rem; } .people { grid-template-columns: 1fr; } }
`;
