import { describe, expect, it } from '@jest/globals';
import { isLoopbackHost } from './loopback.js';

const hostOf = (url: string): string => new URL(url).hostname;

describe('a loopback host', () => {
  it.each([
    'http://localhost',
    'http://LOCALHOST:3000',
    'http://127.0.0.1',
    'http://127.8.9.10:1',
    'http://[::1]:8080',
    'http://127.1',
    'http://[::ffff:127.0.0.1]',
  ])('is what %s names', (url) => {
    expect(isLoopbackHost(hostOf(url))).toBe(true);
  });

  it.each([
    'http://localhost.',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://128.0.0.1',
    'http://0.0.0.0',
    'http://10.0.0.1',
    'http://[::]',
    'http://[::2]',
    'http://example.com',
  ])('is not what %s names', (url) => {
    expect(isLoopbackHost(hostOf(url))).toBe(false);
  });
});
