import { describe, expect, it } from '@jest/globals';
import { redirectUri } from './redirect-uri.js';

describe('a redirect URI', () => {
  it('is the callback of its provider under the public URL', () => {
    expect(redirectUri('https://evergrant.example', 'anywhere')).toBe(
      'https://evergrant.example/v1/oauth/anywhere/callback',
    );
  });

  it('ends in the public id of the app where each app has its own', () => {
    expect(redirectUri('https://evergrant.example/below', 'anywhere', '01890a5d-ac96-774b-bcce-b302099a8057')).toMatch(
      /^https:\/\/evergrant\.example\/below\/v1\/oauth\/anywhere\/callback\/oa_[0-9a-z]{26}$/,
    );
  });
});
