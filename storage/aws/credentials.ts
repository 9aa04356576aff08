/** Keys that sign requests. */
export interface Credentials {
  /** Public id of the key. */
  accessKeyId: string;
  /** The secret key. */
  secretAccessKey: string;
  /** Token of temporary credentials. */
  sessionToken?: string;
  /** Expiry of temporary credentials. */
  expiration?: Date;
}

/** Current credentials. Called before each request, so they can be rotated. */
export type CredentialSource = () => Promise<Credentials>;

/** Thrown if credentials cannot be obtained. The request that needs them was not sent. */
export class CredentialsError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "CredentialsError";
  /** True if a later attempt may succeed. */
  readonly transient: boolean;

  /** Error for `source`, such as "the token service". */
  constructor(source: string, reason: string, options: { transient: boolean; cause?: unknown }) {
    super(`Cannot get credentials from ${source}: ${reason}`, { cause: options.cause });
    this.transient = options.transient;
  }
}

/** Time before their expiry at which credentials are replaced, in milliseconds: as long as the AWS SDK's. */
const REFRESH_MARGIN_MS = 5 * 60_000;

/** Pause after a failed refresh of credentials that are still valid, in milliseconds. */
const REFRESH_PAUSE_MS = 10_000;

/**
 * Caches the credentials that `load` obtains. They are replaced 5 minutes before they expire, in the background while
 * the old ones are still valid. At most one `load` runs at a time.
 */
export function cachedCredentials(load: CredentialSource, now: () => number = Date.now): CredentialSource {
  let known: Credentials | undefined;
  let loading: Promise<Credentials> | undefined;
  let notBefore = 0;

  function refresh(): Promise<Credentials> {
    return loading ??= load()
      .then((fresh) => known = fresh, (error) => {
        notBefore = now() + REFRESH_PAUSE_MS;
        throw error;
      })
      .finally(() => loading = undefined);
  }

  return async function credentials() {
    const left = known === undefined ? 0 : (known.expiration?.getTime() ?? Infinity) - now();
    if (known === undefined || left <= 0) return await refresh();
    if (left < REFRESH_MARGIN_MS && now() >= notBefore) refresh().catch(() => {});
    return known;
  };
}
