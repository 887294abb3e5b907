import type { Persona } from '#providers/sandbox';
import { html } from './html.js';

const FULL_CIRCLE = 360;

/** A picture of the persona's initials; the colour is derived from the persona's number. */
export function avatar({ displayName, number }: Persona): string {
  const hue = Number((BigInt(number) * 67n) % BigInt(FULL_CIRCLE));
  const initials = displayName
    .split(/[\s-]+/)
    .map((word) => word.match(/^\p{L}/u)?.[0] ?? '')
    .join('')
    .slice(0, 2);
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" width="48" height="48">
<rect width="48" height="48" fill="hsl(${hue} 45% 42%)"/>
<text x="24" y="31" font-family="system-ui, sans-serif" font-size="19" font-weight="600" fill="#fff" text-anchor="middle">${initials}</text>
</svg>
`.text;
}
