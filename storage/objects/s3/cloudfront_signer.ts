import { Buffer } from "node:buffer";
import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import type { SignedUrl } from "./signer.ts";

/** Key pair of a CloudFront key group. */
export interface CloudFrontKey {
  /** Id of the public key at CloudFront. */
  keyPairId: string;
  /** RSA private key in PEM. */
  privateKey: string;
}

/**
 * Signs URLs of a CloudFront distribution in front of the bucket, with a canned policy:
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html.
 */
export class CloudFrontSigner {
  readonly #base: string;
  readonly #keyPairId: string;
  readonly #key: KeyObject;

  /**
   * A signer for the distribution at `url`, whose path is that of the bucket's root.
   *
   * @throws {Error} if the key is not an RSA private key in PEM. The message does not show it.
   */
  constructor(url: string, { keyPairId, privateKey }: CloudFrontKey) {
    this.#base = url.replace(/\/$/, "");
    this.#keyPairId = keyPairId;
    this.#key = rsaKey(privateKey);
  }

  /** URL to read the object or any range of it. It is valid for `seconds` from `signingDate`. */
  readUrl(key: string, seconds: number, signingDate: Date): Promise<SignedUrl> {
    const resource = `${this.#base}/${key}`;
    const end = Math.floor(signingDate.getTime() / 1000) + seconds;
    // CloudFront makes the same text of the URL and compares the signature, so no space may be added.
    const condition = { DateLessThan: { "AWS:EpochTime": end } };
    const policy = JSON.stringify({ Statement: [{ Resource: resource, Condition: condition }] });
    const signature = sign("sha1", Buffer.from(policy), this.#key).toString("base64").replaceAll(
      /[+=/]/g,
      (character) => SUBSTITUTES[character]!,
    );
    const query = `Expires=${end}&Signature=${signature}&Key-Pair-Id=${this.#keyPairId}`;
    return Promise.resolve({ url: `${resource}?${query}`, credentialsEnd: Infinity });
  }
}

/** Characters of base64 that have a meaning in a query, and those that CloudFront takes for them. */
const SUBSTITUTES: Readonly<Record<string, string>> = { "+": "-", "=": "_", "/": "~" };

function rsaKey(pem: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The cause could show the key.
  }
  if (key?.asymmetricKeyType !== "rsa") {
    throw new Error("Cannot sign URLs for CloudFront: the key is not an RSA private key in PEM");
  }
  return key;
}
