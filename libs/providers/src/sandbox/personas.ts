import { type Duration, seconds } from '#config';
import { type PostingTraits, postPersonas } from './post-personas.js';
import type { RefusalReason } from './refusal.js';

/** One of the Pages that a persona manages. What is left out is as it should be. */
export interface PageTraits {
  /** It was never given a name for its address. */
  readonly noHandle?: true;
  /** The person may read its figures but not publish. */
  readonly mayNotPublish?: true;
  /** It belongs to a business portfolio. */
  readonly inPortfolio?: true;
  /** This long after connecting the person loses the role. */
  readonly roleLostAfter?: Duration;
}

/** What a persona does besides being a person; each is carried out by the shared parts, the same on every platform. */
export interface PersonaTraits {
  /** Denies, whichever button is pressed. */
  readonly alwaysDenies?: true;
  /** Grants all requested scopes but the last. */
  readonly keepsOneScopeBack?: true;
  /** Token answers have no refresh token. */
  readonly noRefreshToken?: true;
  /** The lifetime of access tokens, whatever the app is set to. */
  readonly accessLife?: Duration;
  /** The token endpoint carries out the call and answers this much later. */
  readonly tokenDelay?: Duration;
  /** Every second token call, including the first after connecting, is refused for this reason and not carried out. */
  readonly everySecondRefused?: RefusalReason;
  /** Token calls, including the code exchange, are answered as if the app had sent a wrong secret. */
  readonly secretNeverFits?: true;
  /** Refreshes are carried out, then the connection is cut. */
  readonly losesAnswers?: true;
  /** This long after connecting the person removes the app. */
  readonly revokesAfter?: Duration;
  /** This long after connecting the platform suspends the person. */
  readonly suspendedAfter?: Duration;
  /** This long after connecting the person changes the password, and every token ends. */
  readonly passwordChangedAfter?: Duration;
  /** Between these times, counted from connecting, the person has something to confirm at the platform; the tokens stay valid. */
  readonly checkpoint?: { readonly from: Duration; readonly until: Duration };
  /** This long after connecting the app has no credits left for calls with the person's tokens, where a platform bills them. */
  readonly creditsEndAfter?: Duration;
  /** The Pages that the person manages, where a platform has Pages; without this field a persona has one. */
  readonly pages?: readonly PageTraits[];
  /** What happens to posts. */
  readonly posting?: PostingTraits;
}

/** A named test user, the same on every platform. */
export interface Persona {
  readonly key: string;
  readonly displayName: string;
  readonly handle: string;
  /** The id where a platform numbers its users. */
  readonly number: string;
  /** One sentence for the consent page and the documentation. */
  readonly story: string;
  readonly traits: PersonaTraits;
}

const person = (key: string, displayName: string, handle: string, number: string, story: string): Persona => ({
  key,
  displayName,
  handle,
  number,
  story,
  traits: {},
});
const withTraits = (persona: Persona, traits: PersonaTraits): Persona => ({ ...persona, traits });

/** The order is that of the consent page. */
export const personas: readonly Persona[] = [
  person('happy', 'Hanna Happy', 'hanna_happy', '2244994945', 'Consents, and everything works.'),
  person('paula', 'Paula Plain', 'paula_plain', '2244994946', 'A second person without surprises.'),
  person('omar', 'Omar Ordinary', 'omar_ordinary', '2244994947', 'A third person without surprises.'),
  person('mei', 'Mei Modest', 'mei_modest', '2244994948', 'A fourth person without surprises.'),
  person(
    'demo',
    'Dana Demo',
    'dana_demo',
    '2244994949',
    'The person of npm run demo, which disconnects this account at its end.',
  ),
  withTraits(person('denies', 'Dennis Denies', 'dennis_denies', '2244995001', 'Denies, whichever button is pressed.'), {
    alwaysDenies: true,
  }),
  person('unicode-handle', 'Žofie 🌻 Ünïcødé-李', 'zofie_李', '2244995002', 'Name and handle are not ASCII.'),
  person(
    'ids-above-2-53',
    'Bigna Number',
    'bigna_number',
    '9007199254740993',
    'The id loses a digit when read as a JSON number.',
  ),
  withTraits(
    person(
      'partial-consent',
      'Pia Partial',
      'pia_partial',
      '2244995003',
      'Grants every requested permission but the last.',
    ),
    { keepsOneScopeBack: true },
  ),
  withTraits(
    person(
      'no-refresh-token',
      'Nora Norefresh',
      'nora_norefresh',
      '2244995004',
      'Gets an access token and no refresh token.',
    ),
    { noRefreshToken: true },
  ),
  withTraits(
    person('short-lived', 'Sam Short', 'sam_short', '2244995005', 'Gets access tokens that are valid for 20 seconds.'),
    { accessLife: seconds(20) },
  ),
  withTraits(
    person('slow', 'Sloane Slow', 'sloane_slow', '2244995006', 'The token endpoint takes 12 seconds to answer.'),
    { tokenDelay: seconds(12) },
  ),
  withTraits(
    person(
      'flaky',
      'Flavia Flaky',
      'flavia_flaky',
      '2244995007',
      'Connects; then every second token call is a server error.',
    ),
    { everySecondRefused: 'server_error' },
  ),
  withTraits(
    person(
      'rate-limited',
      'Ralf Ratelimited',
      'ralf_ratelimited',
      '2244995013',
      'Connects; then every second token call is one too many for the platform.',
    ),
    { everySecondRefused: 'too_many_requests' },
  ),
  withTraits(
    person(
      'lost-answer',
      'Lotte Lost',
      'lotte_lost',
      '2244995008',
      'Connects; a refresh then rotates the token and loses the answer.',
    ),
    { losesAnswers: true },
  ),
  withTraits(
    person(
      'revokes-after-connect',
      'Rita Revokes',
      'rita_revokes',
      '2244995009',
      'Connects, and removes the app 30 seconds later.',
    ),
    { revokesAfter: seconds(30) },
  ),
  withTraits(
    person(
      'suspended',
      'Sven Suspended',
      'sven_suspended',
      '2244995010',
      'Connects, and is suspended by the platform 30 seconds later.',
    ),
    { suspendedAfter: seconds(30) },
  ),
  withTraits(
    person(
      'password-changed',
      'Petra Password',
      'petra_password',
      '2244995011',
      'Connects, and changes the password 30 seconds later.',
    ),
    { passwordChangedAfter: seconds(30) },
  ),
  withTraits(
    person(
      'checkpoint',
      'Chiara Checkpoint',
      'chiara_checkpoint',
      '2244995012',
      'Connects; 30 seconds later the platform requires the person to confirm their identity, which they do five minutes later.',
    ),
    { checkpoint: { from: seconds(30), until: seconds(330) } },
  ),
  withTraits(
    person(
      'wrong-secret',
      'Wanda Wrongsecret',
      'wanda_wrongsecret',
      '2244995014',
      "Consents, and the platform finds the app's secret wrong.",
    ),
    { secretNeverFits: true },
  ),
  withTraits(
    person(
      'billing-exhausted',
      'Bill Exhausted',
      'bill_exhausted',
      '2244995015',
      'Connects; 30 seconds later the app has no credits left for calls with this token.',
    ),
    { creditsEndAfter: seconds(30) },
  ),
  withTraits(person('no-pages', 'Nils Nopages', 'nils_nopages', '2244995101', 'Consents, and manages no Page.'), {
    pages: [],
  }),
  withTraits(
    person('one-page', 'Olga Onepage', 'olga_onepage', '2244995102', 'Manages one Page, which has no username.'),
    { pages: [{ noHandle: true }] },
  ),
  withTraits(
    person(
      'many-pages',
      'Manuel Manypages',
      'manuel_manypages',
      '2244995103',
      'Manages three Pages: may not publish on the second, the third belongs to a business portfolio.',
    ),
    { pages: [{}, { mayNotPublish: true }, { inPortfolio: true }] },
  ),
  withTraits(
    person(
      'page-role-lost',
      'Rosa Rolelost',
      'rosa_rolelost',
      '2244995104',
      'Manages two Pages, and is no longer allowed to manage the first one 30 seconds after connecting.',
    ),
    { pages: [{ roleLostAfter: seconds(30) }, {}] },
  ),
  ...postPersonas.map(([posting, ...who]) => withTraits(person(...who), { posting })),
];

const byKey = new Map(personas.map((persona) => [persona.key, persona]));

/** Undefined for a name that no persona has. */
export const personaNamed = (key: string): Persona | undefined => byKey.get(key);
