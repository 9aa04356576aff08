import type { Answer } from "./answer.ts";

/** Header that differs in every response. */
const REQUEST_ID = "X-Request-Id";

/** Prepared responses, of which copies are sent, for as long as their answers are in memory. */
const templates = new WeakMap<Answer, Response>();

/**
 * The `Response` that says an answer, with the id of its request; one to a HEAD says how long the body would be, and has
 * none.
 */
export function toResponse(answer: Answer, isHead: boolean, id: string): Response {
  if (answer.isRepeated && !isHead) return copyFor(answer, id);
  const { status, body } = answer;
  return new Response(isHead ? null : body, { status, headers: headersOf(answer, id) });
}

/**
 * Copy of the prepared response. Copying a response is a third cheaper than having Deno check the same headers again. The
 * id is set in the prepared response, because the headers of each copy would cost more than the copy.
 */
function copyFor(answer: Answer, id: string): Response {
  let template = templates.get(answer);
  if (template === undefined) {
    template = new Response(answer.body, { status: answer.status });
    // Not in the options: Deno would prepare headers that it never sends.
    for (const [name, value] of Object.entries(headersOf(answer, id))) template.headers.set(name, value);
    templates.set(answer, template);
  }
  template.headers.set(REQUEST_ID, id);
  return template.clone();
}

/** Headers of the response. Clients choose content and its type, so a browser must not guess another type. */
function headersOf({ headers, body }: Answer, id: string): Record<string, string> {
  const length = body instanceof Uint8Array ? { "Content-Length": String(body.byteLength) } : {};
  return { ...headers, ...length, [REQUEST_ID]: id, "X-Content-Type-Options": "nosniff" };
}

/** Bytes of the answer's body. */
export function lengthOf({ headers, body }: Answer): number {
  if (body === undefined) return 0;
  return body instanceof Uint8Array ? body.byteLength : Number(headers["Content-Length"]);
}
