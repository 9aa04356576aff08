import { failureOf } from "./errors.ts";
import type { BodyHandler } from "./handler.ts";
import { type Answer, toResponse } from "./http/mod.ts";
import type { AppContext } from "./middleware/mod.ts";
import type { Route, RouteKind } from "./route.ts";

/** Answers with the handler of a kind of route, which `admission()` has read. */
export function answer<Kind extends RouteKind>(handler: BodyHandler<Kind>) {
  return async function answer(c: AppContext): Promise<Response> {
    const { route, caller, client, readBody } = c.get("skerry");
    try {
      return send(c, await handler(route as Route<Kind>, c.req.raw, caller!, client, readBody!));
    } catch (thrown) {
      // Hono lets everything else through that is thrown.
      throw thrown instanceof Error ? thrown : new ThrownValue(thrown);
    }
  };
}

/** Carries a thrown value that is no error. */
class ThrownValue extends Error {
  constructor(readonly value: unknown) {
    super("A value was thrown that is no error");
  }
}

/** Answers in place of middleware or a handler that threw. */
export function answerError(thrown: Error, c: AppContext): Response {
  const exchange = c.get("skerry");
  const { answer, error } = failureOf(
    thrown instanceof ThrownValue ? thrown.value : thrown,
    exchange.id,
    exchange.route?.kind,
  );
  exchange.error = error;
  return send(c, answer);
}

function send(c: AppContext, answer: Answer): Response {
  c.get("skerry").answer = answer;
  return toResponse(answer, c.req.raw.method === "HEAD");
}
