import { createHash } from 'node:crypto';
import { Html, html } from './html.js';
import { style } from './style.js';

const styleHash = createHash('sha256').update(style).digest('base64');

/**
 * Nothing from outside and no script. There is no `form-action`: browsers apply it to the redirects after a form too, and
 * the consent form ends at the app's own address.
 */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

export const page = (title: string, content: Html): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="/_avatars/happy.svg">
<style>${new Html(style)}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`.text;
