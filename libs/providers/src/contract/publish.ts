import type { PublishRefusals } from './publish-failure.js';

/** A picture or a video of a post, as far as it is known before it is fetched; null: not known. */
export interface DraftMedia {
  kind: 'image' | 'video';
  /** Media type (RFC 6838), in lower case. */
  type: string | null;
  bytes: number | null;
  seconds: number | null;
  /** Empty: none. */
  alt: string;
}

/** What is to be posted to the accounts of one platform, before anything is sent. */
export interface PostDraft {
  text: string;
  media: readonly DraftMedia[];
  /** The options of this platform. */
  options: Readonly<Record<string, unknown>>;
}

/** One limit of a platform. */
export interface PostLimit {
  /** The field of the request, such as `text` or `media_urls`; options by their name alone, with `option`. */
  field: string;
  option?: true;
  /** One sentence for the caller. */
  message: string;
  /** Whether the post exceeds it, or which of the media do. */
  breaks: (post: PostDraft) => boolean | number[];
}

/** How a platform publishes posts. */
export interface PublishDefinition {
  /** The pages that the limits come from were read on this day. */
  checkedAt: string;
  limits: readonly PostLimit[];
  refusals: PublishRefusals;
}
