import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { NoAnswerError } from "./errors.ts";

type Handle = FetchHttpHandler["handle"];

/**
 * `fetch` below the SDK, which reads each answer whole before the SDK sees it. So a failure here, and only here, is the
 * network's fault.
 */
export class WholeAnswerHandler extends FetchHttpHandler {
  /** @throws {NoAnswerError} if the answer does not come, or not to its end. */
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
