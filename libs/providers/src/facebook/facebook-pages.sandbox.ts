import { type GrantRecord, type PageTraits, type Persona, personaOf, type Platform } from '../sandbox/index.js';

export interface Page {
  readonly id: string;
  readonly name: string;
  readonly number: number;
  readonly traits: PageTraits;
}

const PLAIN: readonly PageTraits[] = [{}];

/** A person's Pages, with predictable ids: 1, the person's number, the Page's index. */
export const pagesOf = ({ displayName, number, traits: { pages = PLAIN } }: Persona): readonly Page[] =>
  pages.map((traits, index) => ({
    id: `1${number.padStart(14, '0')}${index + 1}`,
    name: index === 0 ? `${displayName}’s Page` : `${displayName}’s Page ${index + 1}`,
    number: index + 1,
    traits,
  }));

/** The Page of that id, if the person may still manage it. */
export function managedPage({ state }: Platform, grant: GrantRecord, id: string): Page | undefined {
  const age = state.clock.now() - grant.grantedAt;
  return pagesOf(personaOf(grant)).find((page) => page.id === id && age < (page.traits.roleLostAfter ?? Infinity));
}
