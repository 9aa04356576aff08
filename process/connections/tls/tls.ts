import { type Config, StartError } from "../../../config/mod.ts";
import type { Log } from "../../log/mod.ts";
import type { ServeOn } from "../connections.ts";
import { type KeyPair, readKeyPair } from "./key_pair.ts";
import { TlsRelay } from "./tls_relay.ts";

/** Milliseconds before the end of a certificate from which the log warns of it. */
const WARNING_MS = 14 * 24 * 60 * 60_000;

/** Another certificate that is ready. */
export interface PreparedCertificate {
  /** Uses it for connections that begin now. */
  commit(): void;
  /** Forgets it. */
  discard(): void;
}

/** TLS with the configured certificate. */
export class Tls {
  readonly #relay: TlsRelay;
  readonly #log: Pick<Log, "info" | "warn">;
  #keyPair: KeyPair;

  private constructor(keyPair: KeyPair, log: Pick<Log, "info" | "warn">) {
    this.#relay = listening(() => new TlsRelay(keyPair));
    this.#log = log;
    this.#keyPair = keyPair;
    this.#warn();
  }

  /**
   * Reads the certificate.
   *
   * @throws {StartError} if it cannot be used.
   */
  static async open(
    config: Pick<Config, "tlsCert" | "tlsKey">,
    log: Pick<Log, "info" | "warn">,
  ): Promise<Tls> {
    return new Tls(await readKeyPair(config), log);
  }

  /** Serves connections like `serveOn`, which gets them decrypted. */
  over(serveOn: ServeOn): ServeOn {
    return this.#relay.over(serveOn);
  }

  /**
   * Prepares the certificate of another configuration, or of the same files; `undefined` if it is the present one.
   *
   * @throws {StartError} if it cannot be used.
   */
  async prepare(
    config: Pick<Config, "tlsCert" | "tlsKey">,
  ): Promise<PreparedCertificate | undefined> {
    const keyPair = await readKeyPair(config);
    if (keyPair.cert === this.#keyPair.cert && keyPair.key === this.#keyPair.key) return undefined;
    const prepared = listening(() => this.#relay.prepare(keyPair));
    return {
      commit: () => {
        prepared.commit();
        this.#keyPair = keyPair;
        this.#log.info("TLS certificate replaced", factsOf(keyPair));
        this.#warn();
      },
      discard: () => prepared.discard(),
    };
  }

  #warn(): void {
    if (this.#keyPair.validUntil - Date.now() > WARNING_MS) return;
    this.#log.warn("The TLS certificate expires soon: renew it", factsOf(this.#keyPair));
  }
}

function factsOf({ fingerprint, validUntil }: KeyPair): { fingerprint: string; validUntil: string } {
  return { fingerprint, validUntil: new Date(validUntil).toISOString() };
}

function listening<T>(listen: () => T): T {
  try {
    return listen();
  } catch (error) {
    throw new StartError(`tlsCert: Cannot use the certificate: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
