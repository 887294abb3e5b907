import type { DraftMedia, PostDraft, PostLimit, PublishDefinition } from '../contract/publish.js';

/** One account that a post is meant for. */
export interface PostTarget {
  provider: string;
  accountId: string;
  publish: PublishDefinition;
}

/** A post before it is queued, for accounts of several platforms. */
export interface PostRequest {
  text: string;
  media: readonly DraftMedia[];
  /** By platform. */
  providerOptions: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A limit that the post exceeds, for one account. */
export interface Violation {
  field: string;
  message: string;
  provider: string;
  accountId: string;
}

/** Every limit of every target that the post exceeds, in the order of the targets; none: it may be queued. */
export function validatePost(post: PostRequest, targets: readonly PostTarget[]): Violation[] {
  return targets.flatMap(({ provider, accountId, publish }) => {
    const draft: PostDraft = { text: post.text, media: post.media, options: post.providerOptions[provider] ?? {} };
    return publish.limits.flatMap((limit) =>
      fieldsAt(limit, draft, provider).map((field) => ({ field, message: limit.message, provider, accountId })),
    );
  });
}

/** `media_urls.2` where one of the media is at fault, `provider_options.<provider>.<name>` for an option. */
function fieldsAt({ field, option, breaks }: PostLimit, draft: PostDraft, provider: string): string[] {
  const broken = breaks(draft);
  if (typeof broken !== 'boolean') return broken.map((index) => `${field}.${index}`);
  if (!broken) return [];
  const isWhole = field === '*';
  return [option ? `provider_options.${provider}${isWhole ? '' : `.${field}`}` : field];
}
