import { hash } from "node:crypto";
import { Clock, type CredentialSource, exchange, type Reply, Signature } from "../../aws/mod.ts";
import { endpointOf } from "./endpoint.ts";
import { NoAnswerError, ServiceError } from "./errors.ts";
import type { DynamoOptions } from "./options.ts";
import type { Requests, Responses } from "./wire.ts";

/** Maximum number of unused connections that are kept for the next requests. */
const MAX_IDLE_CONNECTIONS = 64;

/**
 * Client of DynamoDB's JSON protocol, https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html, for the requests of
 * the driver. The AWS SDK takes three to four times the CPU time for each, and a quarter of a second to load.
 */
export class DynamoClient implements Disposable {
  readonly #url: URL;
  readonly #signature: Signature;
  readonly #credentials: CredentialSource;
  readonly #clock = new Clock();
  readonly #connections = Deno.createHttpClient({ poolMaxIdlePerHost: MAX_IDLE_CONNECTIONS });

  private constructor(url: URL, region: string, credentials: CredentialSource) {
    this.#url = url;
    this.#signature = new Signature("dynamodb", region);
    this.#credentials = credentials;
  }

  /** Finds the endpoint. Sends no request. */
  static async open(options: DynamoOptions, credentials: CredentialSource): Promise<DynamoClient> {
    return new DynamoClient(await endpointOf(options), options.region, credentials);
  }

  /**
   * Makes one attempt of one request.
   *
   * @throws {NoAnswerError} if no complete response arrives.
   * @throws {ServiceError} for an error response.
   * @throws {CredentialsError} if there are no credentials to sign it with.
   */
  async send<Operation extends keyof Requests>(
    operation: Operation,
    request: Requests[Operation],
    signal: AbortSignal,
  ): Promise<Responses[Operation]> {
    const body = JSON.stringify(request);
    const credentials = await this.#credentials();
    const signedAt = this.#clock.now();
    const unsigned = {
      method: "POST",
      host: this.#url.host,
      path: this.#url.pathname,
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": `DynamoDB_20120810.${operation}`,
      },
      payload: hash("sha256", body),
    };
    const headers = this.#signature.sign(unsigned, credentials, signedAt);
    let reply: Reply;
    try {
      reply = await exchange({ url: this.#url.href, headers }, {
        method: "POST",
        body,
        signal,
        client: this.#connections,
      });
    } catch (error) {
      throw new NoAnswerError(error);
    }
    if (reply.status >= 300) {
      throw ServiceError.of(reply, { clockCorrected: this.#clock.correct(reply.headers, signedAt) });
    }
    return reply.text === "" ? {} : JSON.parse(reply.text);
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    this.#connections.close();
  }
}
