/**
 * The least that can answer a request: always the same bytes with the same status and headers, which `ANSWER` gives as JSON.
 *
 * @module
 */

const { status, headers, body } = JSON.parse(Deno.env.get("ANSWER")!) as {
  status: number;
  headers: [string, string][];
  body: string;
};
const bytes = new TextEncoder().encode(body);

Deno.serve({ hostname: Deno.env.get("HOST")!, port: Number(Deno.env.get("PORT")), onListen() {} }, () => {
  return new Response(bytes, { status, headers });
});
