import type { Refusal, RefusalReason, SandboxDefinition } from '#providers/sandbox';
import { html } from './html.js';
import { page } from './layout.js';

const sentences: Partial<Record<RefusalReason, string>> = {
  missing_parameter: 'A required parameter is missing from the request, or it was sent twice.',
  invalid_parameter: 'A parameter has a value that is not allowed.',
  missing_challenge: 'This platform demands PKCE here, and the request has no code challenge.',
  unknown_scope: 'The app requests a permission that this platform does not have.',
  wrong_redirect: [
    'The redirect URI is not one of those registered for this app.',
    'The sandbox registers the first one an app comes with; POST /_control/apps sets others.',
  ].join(' '),
};

/** Shown instead of a redirect: an address that was not checked is sent nothing (RFC 6749, 4.1.2.1). */
export const refusalPage = ({ title }: SandboxDefinition, { reason, subject }: Refusal): string =>
  page(
    `Something went wrong (${title} sandbox)`,
    html`<span class="badge">Sandbox: this is not the real ${title}</span>
<h1>Something went wrong</h1>
<p>You weren’t able to give access to the app. Go back and try logging in again.</p>
<h2>What the sandbox found</h2>
<p>${sentences[reason] ?? 'The request can not be answered.'}</p>
<p><code>${reason}</code>${subject ? html`: <code>${subject}</code>` : ''}</p>`,
  );
