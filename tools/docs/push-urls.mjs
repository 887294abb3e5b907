/**
 * The URLs that a platform calls: none, one for all apps, one for each app, or one for each app and topic.
 * @param {import('#providers').Provider} provider
 */
export function pushUrls({ push }) {
  if (!push) return [];
  const { family, topics = [], addresseeIn } = push;
  const base = `{PUBLIC_URL}/v1/callbacks/${family}${addresseeIn ? '' : '/{id of the app here}'}`;
  return topics.length === 0 ? [base] : topics.map((topic) => `${base}/${topic}`);
}
