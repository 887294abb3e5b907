import { personas, sandboxes } from '#providers/sandbox';
import { mountPath } from '../platforms/requests.js';
import { html } from './html.js';
import { page } from './layout.js';

const controls: readonly (readonly [call: string, does: string])[] = [
  ['GET /_control/personas', 'who there is, and at which platforms'],
  ['GET /_control/calls?provider=&since=', 'token calls and their outcome, no secrets'],
  ['GET /_control/apps', 'the apps that came so far'],
  ['POST /_control/apps', 'lifetimes, grace, family revocation and redirect URIs of one app'],
  ['POST /_control/clock', 'turn the clock forward'],
  ['POST /_control/faults', 'make an endpoint fail, a number of times'],
  ['DELETE /_control/faults', 'no more faults'],
  ['POST /_control/users/{persona}/revoke', 'the person removes the app'],
  ['DELETE /_control', 'delete everything'],
];

/** For a person who opens the sandbox's address. */
export const indexPage = (): string =>
  page(
    'Sandbox',
    html`<span class="badge">Sandbox</span>
<h1>The platforms, imitated</h1>
<p class="soft">Each real address is served here under its own host and path. Tokens are worth nothing anywhere else.</p>
${sandboxes.map(
  ({ title, authorize, endpoints }) => html`<h2>${title}</h2>
<table><tbody>
<tr><th scope="row">authorize</th><td><code>${mountPath(authorize.url)}</code></td></tr>
${endpoints.map(({ endpoint, url }) => html`<tr><th scope="row">${endpoint}</th><td><code>${mountPath(url)}</code></td></tr>`)}
</tbody></table>`,
)}
<h2>Personas</h2>
<table><tbody>
${personas.map(({ key, story }) => html`<tr><th scope="row"><code>${key}</code></th><td>${story}</td></tr>`)}
</tbody></table>
<h2>Control, from this machine only</h2>
<table><tbody>
${controls.map(([call, does]) => html`<tr><td><code>${call}</code></td><td>${does}</td></tr>`)}
</tbody></table>`,
  );
