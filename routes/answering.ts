import { failureOf } from "./errors.ts";
import type { BodyHandler } from "./handler.ts";
import { type Answer, lengthOf, toResponse } from "./http/mod.ts";
import {
  type AdmissionOptions,
  type AppContext,
  type AppHandler,
  authorize,
  type Exchange,
  readWith,
  type RequestInfo,
} from "./middleware/mod.ts";
import type { ReadRoute, Route, RouteKind } from "./route.ts";

/** Answers requests of one kind: reads the route, authorizes it, and calls the handler. */
export function endpoint<Kind extends RouteKind>(
  options: AdmissionOptions,
  readRoute: ReadRoute<Kind>,
  handler: BodyHandler<Kind>,
): AppHandler {
  function handle({ route, caller, client, readBody }: Exchange, request: Request): Answer | Promise<Answer> {
    return handler(route as Route<Kind>, request, caller!, client, readBody!);
  }

  return answering(function endpoint(exchange, request) {
    readWith(readRoute, exchange, request);
    const authorized = authorize(exchange, request, options);
    return authorized === undefined
      ? handle(exchange, request)
      : authorized.then(() => handle(exchange, request));
  });
}

/** Answers every request with the error that `refuse` throws. */
export function refusal(refuse: ReadRoute<never>): AppHandler {
  return answering((exchange, request) => readWith(refuse, exchange, request));
}

/** Answers with the result of `run`, or with its error. Never rejects, so middleware sees every answer. */
export function answering(
  run: (exchange: Exchange, request: Request) => Answer | Promise<Answer>,
): AppHandler {
  return async function answering(c) {
    try {
      return send(c, await run(c.get("skerry"), c.req.raw));
    } catch (thrown) {
      return answerError(thrown, c);
    }
  };
}

/** Answer in place of middleware or a handler that threw. */
export function answerError(thrown: unknown, c: AppContext): Response {
  const exchange = c.get("skerry");
  const { answer, error } = failureOf(thrown, exchange.id, exchange.route?.kind);
  exchange.error = error;
  return send(c, answer);
}

function send(c: AppContext, answer: Answer): Response {
  return deliver(answer, c.get("skerry"), c.req.raw, c.env as RequestInfo | undefined);
}

/** The response that says the answer. The exchange and the server learn its size. */
export function deliver(
  answer: Answer,
  exchange: Exchange,
  { method }: Request,
  info: RequestInfo | undefined,
): Response {
  const isHead = method === "HEAD";
  exchange.answer = answer;
  exchange.bytes = isHead ? 0 : lengthOf(answer);
  info?.sending?.(exchange.bytes);
  return toResponse(answer, isHead, exchange.id);
}
