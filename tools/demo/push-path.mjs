/** Where each platform calls us, below /v1/callbacks (docs/guide.md, "When the platform tells us"). */
const PATHS = {
  x: (app) => `x/${app}`,
  tiktok: () => 'tiktok',
  instagram: (app) => `meta/${app}`,
  facebook: (app) => `meta/${app}`,
};

export function pushPath(provider, app) {
  if (!Object.hasOwn(PATHS, provider))
    throw new Error(`${provider} tells nobody when a person removes an app: leave out --push`);
  return PATHS[provider](app);
}
