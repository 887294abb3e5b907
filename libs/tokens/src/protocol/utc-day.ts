/** The first moment of the next day in UTC: by such days some platforms bill and count. */
export const nextUtcDay = (now: Date): Date =>
  new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));
