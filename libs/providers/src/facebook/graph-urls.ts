/** Meta keeps a version for two years: developers.facebook.com/docs/graph-api/changelog, read 2026-11-22. */
const VERSION = 'v25.0';

/** Where people consent. */
export const DIALOG = `https://www.facebook.com/${VERSION}/dialog/oauth`;

export const graph = (path: string): string => `https://graph.facebook.com/${VERSION}${path}`;

/** The host that takes videos. */
export const graphVideo = (path: string): string => `https://graph-video.facebook.com/${VERSION}${path}`;
