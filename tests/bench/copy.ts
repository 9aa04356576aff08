import { type Server, startServer } from "./server.ts";

/** A bare handler that answers what the subject answers under `path`, to a request with these headers. */
export async function startCopy(
  subject: Server,
  path: string,
  expectedStatus = 200,
  headers: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const response = await fetch(`http://127.0.0.1:${subject.port}${path}`, { redirect: "manual", headers });
  const body = await response.text();
  const { status } = response;
  if (status !== expectedStatus) throw new Error(`Cannot copy the answer of "${path}": ${status}`);
  // The server itself writes the date.
  const answered = [...response.headers].filter(([name]) => name !== "date");
  return await startServer({
    script: "tests/bench/baseline/answer.ts",
    env: { ANSWER: JSON.stringify({ status, headers: answered, body }) },
  });
}
