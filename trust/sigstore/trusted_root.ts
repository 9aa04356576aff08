import { TrustedRoot as TrustedRootMessage } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, VerificationError, Verifier } from "@sigstore/verify";
import type { Bundle } from "@sigstore/bundle";
import { Buffer } from "node:buffer";
import { provideDefaultDigest } from "./default_digest.ts";

/** Signer of a bundle whose certificate, transparency log and timestamps were verified. */
export interface KeylessIdentity {
  /** Subject alternative name of the certificate. */
  identity: string;
  /** OpenID Connect issuer. */
  issuer: string;
  /** Verified time of the signature in milliseconds since the epoch. */
  signedAt: number;
}

/** A bundle is not signed as it claims. */
export class BundleError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "BundleError";
  /** True if the bundle seems to be of another Sigstore instance: the trusted root has not its authorities. */
  readonly isUntrusted: boolean;

  /** The error. */
  constructor(message: string, isUntrusted = false) {
    super(message);
    this.isUntrusted = isUntrusted;
  }
}

/** Certificate authorities, logs and timestamp authorities of a Sigstore instance, without TUF. */
export class TrustedRoot {
  readonly #verifier: Verifier;

  /** Trusted root of a `trusted_root.json`. @throws {TypeError} if the text is none. */
  constructor(json: string) {
    provideDefaultDigest();
    let root: TrustedRootMessage;
    try {
      root = TrustedRootMessage.fromJSON(JSON.parse(json));
    } catch {
      throw new TypeError("Trusted root is not the JSON of a Sigstore trusted root");
    }
    if (root.certificateAuthorities.length === 0) {
      throw new TypeError("Trusted root has no certificate authorities");
    }
    try {
      const material = toTrustMaterial(root);
      this.#verifier = new Verifier(material, {
        // An instance without a log, such as that of GitHub for private repositories, proves the time by timestamps.
        ctlogThreshold: material.ctlogs.length > 0 ? 1 : 0,
        tlogThreshold: material.tlogs.length > 0 ? 1 : 0,
        timestampThreshold: 1,
      });
    } catch (error) {
      throw new TypeError(`Trusted root cannot be used: ${(error as Error).message}`);
    }
  }

  /**
   * Verifies the signature of a bundle with a certificate, and all that proves when and for whom it was issued: chain,
   * signed certificate timestamp, transparency log, timestamps. `artifact` has the bytes that a message signature signs.
   *
   * @throws {BundleError} for a signature that is not valid.
   */
  verify(bundle: Bundle, artifact?: Uint8Array): KeylessIdentity {
    try {
      const entity = toSignedEntity(bundle, artifact && Buffer.from(artifact));
      const { identity } = this.#verifier.verify(entity);
      const times = entity.timestamps.flatMap((timestamp) =>
        timestamp.$case === "timestamp-authority"
          ? [timestamp.timestamp.signingTime.getTime()]
          // Only an inclusion promise signs the time of the log.
          : timestamp.tlogEntry.inclusionPromise
          ? [Number(timestamp.tlogEntry.integratedTime) * 1000]
          : []
      );
      const [name, issuer] = [identity?.subjectAlternativeName, identity?.extensions?.issuer];
      if (name === undefined || issuer === undefined) {
        throw new BundleError("Certificate names no identity or no issuer");
      }
      return { identity: name, issuer, signedAt: Math.min(...times) };
    } catch (error) {
      if (error instanceof BundleError) throw error;
      // Malformed certificates and timestamps throw other errors of the library.
      const cause = (error as Error).cause as Error | undefined;
      const message = cause?.message ?? (error as Error).message;
      throw new BundleError(message, error instanceof VerificationError && isOfOther(error, cause));
    }
  }
}

/** True if no authority of the trusted root has signed the certificate or the timestamp. */
function isOfOther({ code }: VerificationError, cause: Error | undefined): boolean {
  if (code === "TIMESTAMP_ERROR") return true;
  // Without a cause no authority was valid at that time.
  return code === "CERTIFICATE_ERROR" &&
    (cause === undefined || /certificate path found/.test(cause.message));
}
