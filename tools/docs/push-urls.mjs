/** Where a platform calls us: nowhere, at one URL for all apps, at one for each app, or at one for each app and topic. */
export function pushUrls({ push }) {
  if (!push) return [];
  const { family, topics = [], addresseeIn } = push;
  const base = `{PUBLIC_URL}/v1/callbacks/${family}${addresseeIn ? '' : '/{id of the app here}'}`;
  return topics.length === 0 ? [base] : topics.map((topic) => `${base}/${topic}`);
}
