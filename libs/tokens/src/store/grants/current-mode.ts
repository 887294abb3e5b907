import type { RefreshMode } from '#persistence/sql';
import { findProvider } from '#providers';
import type { GrantFacts } from '../../protocol/grant.js';

/**
 * How a grant is renewed by the present definition of its provider, which may have changed since the consent. A platform that was
 * seen to rotate a token is not trusted to keep it, whatever its definition names.
 */
export function currentMode({ provider, mode }: Pick<GrantFacts, 'provider' | 'mode'>): GrantFacts['mode'] {
  const defined = findProvider(provider)?.refresh.mode;
  return isRotating(defined) && (isRotating(mode) || mode === 'static') ? defined : mode;
}

const isRotating = (mode: RefreshMode | undefined): mode is RefreshMode =>
  mode === 'rotating_strict' || mode === 'rotating_grace';
