/** An answer in JSON, with its length, so that HEAD tells it too. */
export function jsonResponse(value: unknown, headers: Record<string, string> = {}, status = 200): Response {
  const body = new TextEncoder().encode(JSON.stringify(value));
  return new Response(body, {
    status,
    headers: {
      "Content-Type": "application/json",
      "Content-Length": String(body.byteLength),
      "Cache-Control": "private, no-store, no-transform",
      "X-Content-Type-Options": "nosniff",
      ...headers,
    },
  });
}
