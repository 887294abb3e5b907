import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { STYLE } from './page-style.js';

/** A page for a person. `pageHtml` escapes every text. */
export interface Page {
  tone: 'good' | 'bad' | 'neutral';
  title: string;
  /** The name of the platform, where it is known for sure. */
  platform?: string | undefined;
  /** The accounts that were connected. */
  accounts?: readonly { name: string; detail?: string | undefined }[];
  /** The event, then the next step: one paragraph each. */
  text: readonly string[];
  /** A button that sends an empty form to the address of the page. `redirects`: the scheme of where the answer may lead. */
  button?: { label: string; redirects: string };
  links?: readonly { href: string; label: string; about: string }[];
  /** The stable code of what went wrong, for the people who run the application. */
  code?: string | undefined;
  /** The request to look for in the logs, where it is another one than the request for this page. */
  requestId?: string | undefined;
}

/**
 * A page may use its own style and nothing else: no script, no image, no frame, no outside resource, and no form but its
 * button. Browsers check every redirect after a form against the policy, and platforms redirect among hosts of theirs.
 */
const policyOf = ({ button }: Page): string =>
  [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    "base-uri 'none'",
    `form-action ${button ? `'self' ${button.redirects}` : "'none'"}`,
    "frame-ancestors 'none'",
  ].join('; ');

export function sendPage(reply: FastifyReply, status: number, page: Page): void {
  void reply
    .status(status)
    .header('Content-Type', 'text/html; charset=utf-8')
    .header('Content-Security-Policy', policyOf(page))
    .header('Cache-Control', 'no-store')
    .header('Referrer-Policy', 'no-referrer')
    .send(pageHtml(page, page.requestId ?? reply.request.id));
}

/** `/`, `/connected`, reauth links, the callbacks of platforms and the page of a deletion: only browsers open them. */
const FOR_BROWSERS = /^\/($|connected$|reauth\/|data-deletion\/|v1\/oauth\/[^/]+\/callback(\/|$))/;

/**
 * Whether an error is answered with a page instead of a problem. On a path for browsers it is, unless the client prefers
 * JSON; on a path that does not exist it is where the client names HTML. The rest of /v1 is for programs.
 */
export function acceptsPage({ url, headers, is404 }: Pick<FastifyRequest, 'url' | 'headers' | 'is404'>): boolean {
  const path = url.split('?', 1)[0] ?? '';
  const accept = (headers.accept ?? '*/*').toLowerCase();
  const html = preferenceFor('text/html', accept);
  const json = Math.max(preferenceFor('application/json', accept), preferenceFor('application/problem+json', accept));
  if (html === 0 || html < json) return false;
  if (/\btext\/html\b/.test(accept)) return FOR_BROWSERS.test(path) || !path.startsWith('/v1/');
  return FOR_BROWSERS.test(path) && !is404;
}

/**
 * How much a client prefers a media type; 0: it does not take it. The most specific range that covers the type gives its
 * quality (RFC 9110 12.5.1). Between equal qualities the more specific range wins: HTTP clients of programs send
 * JSON by name and everything else by a wildcard. A quality has three decimals at the most, so specificity counts below them.
 */
function preferenceFor(type: string, accept: string): number {
  const ranges = new Map(
    accept.split(',').map((range) => [range.replace(/;.*/, '').trim(), Number(/;\s*q=([\d.]+)/.exec(range)?.[1] ?? 1)]),
  );
  const covering = ['*/*', type.replace(/\/.*/, '/*'), type];
  const specificity = covering.findLastIndex((range) => ranges.has(range));
  const quality = ranges.get(covering[specificity] ?? '') ?? 0;
  return quality > 0 ? quality + specificity / 10_000 : 0;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

const MARKS = {
  good: '<path d="M5 12.5l4.5 4.5L19 7.5"/>',
  bad: '<path d="M12 5.5v8M12 18v.5"/>',
  neutral: '<path d="M12 11v7M12 6v.5"/>',
};

/** The page as HTML: one heading, one column. */
export function pageHtml(page: Page, requestId: string): string {
  const { tone, title, platform, accounts = [], text, button, links = [], code } = page;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escape(platform === undefined ? title : `${title} · ${platform}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<svg class="mark ${tone}" viewBox="0 0 24 24" aria-hidden="true">${MARKS[tone]}</svg>
${platform === undefined ? '' : `<p class="platform">${escape(platform)}</p>\n`}<h1>${escape(title)}</h1>
${listOf(
  'accounts',
  accounts.map(
    ({ name, detail }) =>
      `<strong>${escape(name)}</strong>${detail === undefined ? '' : ` <span>${escape(detail)}</span>`}`,
  ),
)}
${text.map((paragraph) => `<p>${escape(paragraph)}</p>`).join('\n')}
${button ? `<form method="post"><button>${escape(button.label)}</button></form>` : ''}
${listOf(
  'links',
  links.map(({ href, label, about }) => `<a href="${escape(href)}">${escape(label)}</a> <span>${escape(about)}</span>`),
)}
<dl>
${code === undefined ? '' : `<dt>Error code</dt><dd><code>${escape(code)}</code></dd>\n`}<dt>Request</dt><dd><code>${escape(requestId)}</code></dd>
</dl>
</main>
<footer>Evergrant connects accounts for the application that sent you here.</footer>
</body>
</html>
`;
}

const listOf = (name: string, items: string[]): string =>
  items.length === 0 ? '' : `<ul class="${name}">\n${items.map((item) => `<li>${item}</li>`).join('\n')}\n</ul>`;
