import { counter, gauge, histogram, type Instrument } from './instrument.js';

const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Up to 120 seconds, the limit of a token request. */
const EXCHANGE_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 90, 120];
/** From expired (0) over minutes and hours to 30 days. */
const LIFETIME_SECONDS = [
  0, 60, 300, 600, 1_200, 1_800, 3_600, 10_800, 43_200, 86_400, 259_200, 604_800, 1_209_600, 2_592_000,
];

/** All instruments by their Prometheus names. docs/metrics.md describes each. */
export const INSTRUMENTS = {
  evergrant_token_exchanges_total: counter('exchanges', 'Requests to token endpoints that are over.', [
    'provider',
    'kind',
    'outcome',
  ]),
  evergrant_token_request_duration_seconds: histogram(
    'exchanges',
    'How long a request to a token endpoint took.',
    ['provider', 'kind'],
    EXCHANGE_SECONDS,
  ),
  evergrant_token_life_left_seconds: histogram(
    'exchanges',
    'Remaining lifetime of the old access token when the new one was stored.',
    ['provider'],
    LIFETIME_SECONDS,
  ),
  evergrant_token_answers_lost_total: counter('exchanges', 'Requests to token endpoints whose answer never came.', [
    'provider',
  ]),
  evergrant_exchanges_in_flight: gauge('exchanges', 'Requests to token endpoints that wait for their answer.', []),

  evergrant_exchanger_up: gauge('exchanger', 'Whether the exchanger on this host answers.', []),
  evergrant_gate_waiting: gauge('journal', 'Exchanges that wait for admission.', []),
  evergrant_journal_size_bytes: gauge('journal', 'How much the journal takes on disk.', []),
  evergrant_journal_overwritten: gauge(
    'journal',
    'Stored answers that were overwritten before their time, since the start.',
    [],
  ),
  evergrant_journal_unsettled: gauge(
    'journal',
    'Exchanges in the journal that are not yet stored in the database.',
    [],
  ),
  evergrant_journal_set_aside: gauge('journal', 'Answers in the journal that cannot be stored.', []),
  evergrant_journal_writable: gauge(
    'journal',
    'Whether the journal has capacity for one more exchange; without it no request is sent.',
    [],
  ),

  evergrant_database_up: gauge('database', 'Whether the numbers that are read from the database could be read.', []),
  evergrant_database_clock_ahead_seconds: gauge(
    'database',
    'How far the clock of the database is ahead of the clock of this machine.',
    [],
  ),
  evergrant_accounts: gauge('database', 'Accounts by health.', ['provider', 'health']),
  evergrant_accounts_lost_last_hour: gauge('database', 'Accounts that came to need a reconnect within the last hour.', [
    'provider',
    'reason',
  ]),
  evergrant_grants_unknown: gauge('database', 'Grants whose refresh was not answered, before its resend.', [
    'provider',
  ]),
  evergrant_grants_due: gauge('database', 'Grants whose refresh is due and not begun.', ['provider']),
  evergrant_grants_oldest_due_seconds: gauge('database', 'How long the grant that waits longest has been due.', []),
  evergrant_grants_claims_overdue: gauge('database', 'Grants held by a claim that has ended.', []),
  evergrant_oauth_apps: gauge('database', 'OAuth apps by status.', ['provider', 'status']),
  evergrant_breakers: gauge('database', 'Breakers of OAuth apps by state.', ['provider', 'state']),
  evergrant_token_orphans: gauge('database', 'Token pairs that came too late for their grant and are kept.', [
    'provider',
  ]),
  evergrant_broken_seals: gauge('database', 'Sealed rows that did not open when they were last read.', ['table']),
  evergrant_revocations_pending: gauge('database', 'Revocations that the platform has not answered yet.', ['provider']),
  evergrant_revocations_oldest_seconds: gauge('database', 'How long the oldest pending revocation has waited.', []),

  evergrant_webhooks: gauge('database', 'Webhooks by status.', ['status']),
  evergrant_webhooks_oldest_due_seconds: gauge(
    'database',
    'How long the delivery to an active webhook that waits longest has been due.',
    [],
  ),
  evergrant_webhook_attempts_total: counter('webhooks', 'Attempts to deliver an event by how they ended.', ['outcome']),

  evergrant_profile_lists_incomplete_total: counter(
    'profiles',
    'Lists of what a consent opened (Pages) that ended early or had entries without a usable id.',
    ['provider'],
  ),

  http_server_request_duration_seconds: histogram(
    'requests',
    'How long requests took, by the template of their route.',
    ['http_request_method', 'http_route', 'http_response_status_code'],
    REQUEST_SECONDS,
  ),
  evergrant_queue_up: gauge('queue', 'Whether the queue answers this process.', []),
  evergrant_jobs_total: counter('jobs', 'Runs of jobs by how they ended.', ['job', 'outcome']),
  evergrant_job_duration_seconds: histogram('jobs', 'How long runs of jobs took.', ['job'], EXCHANGE_SECONDS),
} as const satisfies Record<string, Instrument>;

type Table = typeof INSTRUMENTS;
export type InstrumentName = keyof Table;
/** The names of the instruments of one kind. */
export type NameOf<Kind extends Instrument['kind']> = {
  [Name in InstrumentName]: Table[Name]['kind'] extends Kind ? Name : never;
}[InstrumentName];
export type LabelsOf<Name extends InstrumentName> = Record<Table[Name]['labels'][number], string>;
