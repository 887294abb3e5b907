import { describe, expect, it } from '@jest/globals';
import { nearestProvider, PROVIDER_NAMES, providerOf } from './registry.js';

describe('the provider that an unknown name was probably meant for', () => {
  it.each([
    ['facebook', ['facebook-pages', 'Facebook', 'facebook_page', 'facebok', 'fb', 'meta', 'www.facebook.com']],
    ['x', ['twitter', 'X', 'x.com', 'twiter', 'twitter-v2', 'x-twitter']],
    ['instagram', ['ig', 'instagram-business', 'insta', 'instgram', 'INSTAGRAM']],
    ['tiktok', ['tik-tok', 'tik_tok', 'tictoc', 'tiktok-business']],
    ['linkedin', ['linked-in', 'LinkedIn', 'linkedin-page', 'linkdin']],
    ['pinterest', ['pintrest', 'pin', 'pinterest-business']],
  ])('is %s for another word, a longer name and a misspelling', (name, given) => {
    expect(given.map((one) => [one, nearestProvider(one)])).toEqual(given.map((one) => [one, name]));
  });

  it.each(['', '-', 'myspace', 'youtube', 'threads', 'constructor', '__proto__', 'a'.repeat(100_000), '\u0000', '💥'])(
    'is none for %s',
    (given) => {
      expect(nearestProvider(given)).toBeUndefined();
    },
  );

  it('is the provider itself for its own name and its title', () => {
    for (const name of PROVIDER_NAMES)
      expect([nearestProvider(name), nearestProvider(providerOf(name).title)]).toEqual([name, name]);
  });
});
