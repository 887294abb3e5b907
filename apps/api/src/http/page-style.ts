/** One style for all pages: light and dark, from 320 pixels on, every text at a contrast of 4.5 to 1 or more. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1b1d22; --soft: #5a6170; --page: #f2f4f7; --card: #fff; --line: #dde1e8; --link: #1a56c4; --good: #14743d; --bad: #b3261e; --neutral: #4a5568; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #edeff3; --soft: #a5adbb; --page: #101216; --card: #191c22; --line: #313743; --link: #8ab4ff; --good: #6fd39a; --bad: #ff9c92; --neutral: #b3bccb; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; grid-template-rows: 1fr auto; justify-items: center; align-items: center; padding: 1.5rem 1rem; font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--ink); background: var(--page); }
main { width: 100%; max-width: 30rem; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: 1rem; }
.mark { display: block; width: 3rem; height: 3rem; padding: .6rem; margin-bottom: 1.25rem; border-radius: 50%; fill: none; stroke: currentColor; stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; background: var(--page); border: 1px solid var(--line); }
.good { color: var(--good); }
.bad { color: var(--bad); }
.neutral { color: var(--neutral); }
.platform { margin: 0; font-size: .875rem; font-weight: 600; color: var(--soft); }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 .75rem; overflow-wrap: anywhere; }
ul { list-style: none; margin: 0 0 1rem; padding: 0; }
li { padding: .65rem .85rem; border: 1px solid var(--line); overflow-wrap: anywhere; }
li + li { border-top: 0; }
li:first-child { border-radius: .6rem .6rem 0 0; }
li:last-child { border-radius: 0 0 .6rem .6rem; }
li:only-child { border-radius: .6rem; }
li span { display: block; font-size: .875rem; color: var(--soft); }
a { color: var(--link); font-weight: 600; }
button { width: 100%; padding: .75rem 1rem; margin: .25rem 0 .75rem; font: inherit; font-weight: 600; color: var(--card); background: var(--link); border: 0; border-radius: .6rem; cursor: pointer; }
a:focus-visible, button:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem .75rem; margin: 1.25rem 0 0; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .8125rem; color: var(--soft); }
dd { margin: 0; text-align: right; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
footer { margin-top: 1.5rem; font-size: .8125rem; color: var(--soft); text-align: center; }
@media (max-width: 26rem) { body { padding: 1rem .75rem; } main { padding: 1.25rem; } dl { grid-template-columns: 1fr; } dd { text-align: left; } dd + dt { margin-top: .35rem; } }
`;
