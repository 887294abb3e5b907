import { type AuthorizationRequest, type OfferedPage, type Persona, personas, type Platform } from '#providers/sandbox';
import { type Html, html } from './html.js';
import { page } from './layout.js';

/** The page on which a tester chooses a persona and a decision. The form goes back to the same address. */
export function consentPage({ definition }: Platform, request: AuthorizationRequest, chosen: Persona): string {
  const people = personas.filter(({ key }) => !Object.hasOwn(definition.impossiblePersonas, key));
  const scopes = request.scopes.map(
    (scope) => html`<li>${definition.scopes[scope] ?? scope} <code class="soft">${scope}</code></li>`,
  );
  return page(
    `Authorize an app at ${definition.title} (sandbox)`,
    html`<span class="badge">Sandbox: this is not the real ${definition.title}</span>
<h1>An app requests access to your ${definition.title} account</h1>
<p>App <code>${request.clientId}</code><br><span class="soft">Then back to <code>${new URL(request.redirectUri).origin}</code></span></p>
<h2>It would be allowed to</h2>
<ul>${scopes}</ul>
<form method="post">
${
  definition.pages
    ? html`<input type="hidden" name="sandbox_boxes" value="shown">
`
    : ''
}<fieldset>
<legend>Who are you?</legend>
<div class="people">${people.map((persona) => choice(persona, persona === chosen, definition.pages?.(persona) ?? []))}</div>
</fieldset>
<div class="actions">
<button class="yes" name="sandbox_decision" value="approve">Authorize app</button>
<button name="sandbox_decision" value="deny">Cancel</button>
</div>
</form>`,
  );
}

/** The name of a Page's box: each persona has its own, and all are sent. */
export const pageBox = ({ key }: Persona, id: string): string => `sandbox_page.${key}.${id}`;

const choice = (persona: Persona, checked: boolean, pages: readonly OfferedPage[]): Html => html`<div class="choice">
${card(persona, checked)}${pages.length > 0 ? boxes(persona, pages) : ''}</div>
`;

/** Shown beneath the persona that is chosen, every Page ticked. */
const boxes = (persona: Persona, pages: readonly OfferedPage[]): Html => html`<fieldset class="boxes">
<legend>Which Pages may the app reach?</legend>
${pages.map(
  ({
    id,
    name,
  }) => html`<label><input type="checkbox" name="${pageBox(persona, id)}" checked> ${name} <code class="soft">${id}</code></label>
`,
)}</fieldset>
`;

const card = (persona: Persona, checked: boolean): Html => html`<label class="person">
<input type="radio" name="sandbox_user" value="${persona.key}"${checked ? html` checked` : ''}>
<img src="/_avatars/${persona.key}.svg" alt="" width="36" height="36">
<span><strong>${persona.displayName}</strong> <span class="soft">@${persona.handle}</span><span>${persona.story}</span>
<code class="soft">${persona.key}</code></span>
</label>
`;
