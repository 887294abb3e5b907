import { describe, expect, it } from '@jest/globals';
import { newVerifier, s256, s256Hex } from './pkce.js';

/** RFC 7636 appendix B. */
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

describe('PKCE', () => {
  it('makes the challenge of RFC 7636 appendix B of its verifier', () => {
    expect(s256.challenge(VERIFIER)).toBe(CHALLENGE);
  });

  it('has the same digest in lower-case hex for those who verify that', () => {
    expect(s256Hex.challenge(VERIFIER)).toBe(Buffer.from(CHALLENGE, 'base64url').toString('hex'));
    expect(s256Hex.challenge(VERIFIER)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('announces both as S256', () => {
    expect([s256.name, s256Hex.name]).toEqual(['S256', 'S256']);
  });

  it('draws verifiers of 64 unreserved characters, each another', () => {
    const verifiers = Array.from({ length: 100 }, () => newVerifier().reveal());
    expect(new Set(verifiers).size).toBe(100);
    for (const verifier of verifiers) expect(verifier).toMatch(/^[A-Za-z0-9\-._~]{64}$/);
  });
});
