/**
 * What a refusal or a failure of a call means for its post: `retry` the same request later · `rebuild` throw prepared media away
 * and prepare them again, once · `wait` a quota, the post stays scheduled · `reauth` the grant · `permission` a scope or role ·
 * `action` the owner acts at the platform · `content` never again with this post · `app` pause the posts of the app ·
 * `billing` the owner of the app pays · `duplicate` the platform has this post · `ambiguous` it may be public.
 */
export type PublishClass =
  | 'retry'
  | 'rebuild'
  | 'wait'
  | 'reauth'
  | 'permission'
  | 'action'
  | 'content'
  | 'app'
  | 'billing'
  | 'duplicate'
  | 'ambiguous';

/** One refusal that a platform is known to answer with; it matches where all that it names matches. */
export interface PublishRefusal {
  class: PublishClass;
  status?: number;
  /** One of the codes of the answer, as `codesIn` gives them. */
  code?: string;
  /** Found in the sentence of the answer, never in the rest of its body. */
  sentence?: RegExp;
  /** Seconds to wait. */
  wait?: number;
  /** Its class at the call that makes the post public, where that differs. */
  atCommit?: PublishClass;
}

/** The refusals of a platform, and how its answers state them. */
export interface PublishRefusals {
  /** The most exact code first. */
  codesIn: (json: unknown) => string[];
  sentenceIn: (json: unknown) => string;
  /** The first that matches counts. */
  rows: readonly PublishRefusal[];
}

export interface PublishFailure {
  class: PublishClass;
  /** The platform's own code, or the status. */
  code: string;
  wait?: number;
}
