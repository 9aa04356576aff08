import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { NoAnswerError } from "./errors.ts";

type Handle = FetchHttpHandler["handle"];

/**
 * HTTP handler of the SDK that reads each response completely before it returns. So a network failure is always thrown
 * here, and never while the SDK parses a response.
 */
export class WholeAnswerHandler extends FetchHttpHandler {
  /**
   * Sends a request and reads its response.
   *
   * @throws {NoAnswerError} if no complete response arrives.
   */
  override async handle(...[request, options]: Parameters<Handle>): ReturnType<Handle> {
    try {
      const { response } = await super.handle(request, options);
      response.body = await new Response(response.body).bytes();
      return { response };
    } catch (error) {
      throw new NoAnswerError(error);
    }
  }
}
