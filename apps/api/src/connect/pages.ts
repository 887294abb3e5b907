import { createHash } from 'node:crypto';

const STYLE = `
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 20vh auto 0; padding: 0 1.5rem; color: #1c1c1e; background: #fff }
  h1 { font-size: 1.4rem; margin: 0 0 .5rem }
  p { margin: 0 0 .75rem }
  @media (prefers-color-scheme: dark) { body { color: #eee; background: #161618 } }
`;

/** A page may use its own style and nothing else: no script, no image, no form, no frame. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export interface Page {
  title: string;
  text: string;
}

/** Both texts are ours; neither holds anything of the request. */
export const pageHtml = ({ title, text }: Page): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${title}</h1>
<p>${text}</p>
</body>
</html>
`;

/** For a browser that comes with a state we did not make, or made for somewhere else: it is sent nowhere. */
export const untrustedPage = (): Page => ({
  title: 'This link cannot be used',
  text: 'It was changed on the way, it is not one of ours, or it belongs to something else. Nothing was connected. Go back to where you started and try again.',
});

/** For a browser that came back while we could not serve it. What the platform gave it is of no use a moment later. */
export const troublePage = (): Page => ({
  title: 'Something went wrong',
  text: 'The connection could not be finished. Go back to where you started and try again in a minute.',
});
