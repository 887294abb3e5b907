import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { PlatformRequest, reach } from './http.js';

const url = 'https://api.platform.example/v2/me?fields=id,name&access_token=hidden';

describe('a request to a platform', () => {
  const request = new PlatformRequest({
    method: 'GET',
    url,
    headers: { authorization: 'Bearer hidden' },
    form: { code: 'hidden' },
  });

  it('prints as method, origin and path, however it is printed', () => {
    const line = 'GET https://api.platform.example/v2/me';
    expect([String(request), JSON.parse(JSON.stringify(request)), inspect(request)]).toEqual([line, line, line]);
  });

  it('shows none of its content in its fields', () => {
    expect(Object.values(request)).toEqual([]);
    expect(inspect({ request }, { showHidden: true, depth: 9, customInspect: false })).not.toContain('hidden');
  });

  it('reveals its content to its sender', () => {
    expect(request.reveal()).toMatchObject({ method: 'GET', url, form: { code: 'hidden' } });
  });
});

describe("a platform's URL", () => {
  it('is itself where the environment is live', () => {
    expect(reach(url, 'live', 'http://localhost:3100')).toBe(url);
  });

  it('stands below the sandbox where it is test, with host, path and query kept', () => {
    expect(reach(url, 'test', 'http://localhost:3100')).toBe(
      'http://localhost:3100/api.platform.example/v2/me?fields=id,name&access_token=hidden',
    );
  });

  it("is never the platform's own in test, whatever port or path it has", () => {
    expect(new URL(reach('https://api.platform.example:8443/', 'test', 'http://localhost:3100')).origin).toBe(
      'http://localhost:3100',
    );
  });
});
