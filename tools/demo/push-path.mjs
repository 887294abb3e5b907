/** The path of each platform's notices, below /v1/callbacks. */
const PATHS = {
  x: (app) => `x/${app}`,
  tiktok: () => 'tiktok',
  instagram: (app) => `meta/${app}`,
  facebook: (app) => `meta/${app}`,
};

export function pushPath(provider, app) {
  if (!Object.hasOwn(PATHS, provider))
    throw new Error(`${provider} sends no notice when a person removes an app: leave out --push`);
  return PATHS[provider](app);
}
