import type { Answer } from "./answer.ts";
import type { Route, RouteKind } from "./route.ts";

/** Answers requests of one kind. `principal` is who asks. What it throws is answered by `errors.ts`. */
export type Handler<Kind extends RouteKind> = (
  route: Route<Kind>,
  request: Request,
  principal: string,
) => Answer | Promise<Answer>;
