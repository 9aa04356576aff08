/** Maximum characters of a token: proxies accept no larger header. */
export const MAX_TOKEN_CHARACTERS: number = 16 * 1024;

/** Maximum difference, in seconds, between the clock of another issuer and ours. */
export const LEEWAY_SECONDS = 30;
