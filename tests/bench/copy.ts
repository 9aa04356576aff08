import { type Server, startServer } from "./server.ts";

/** A bare handler that answers what the subject answers under `path`. */
export async function startCopy(subject: Server, path: string, expectedStatus = 200): Promise<Server> {
  const response = await fetch(`http://127.0.0.1:${subject.port}${path}`, { redirect: "manual" });
  const body = await response.text();
  const { status } = response;
  if (status !== expectedStatus) throw new Error(`Cannot copy the answer of "${path}": ${status}`);
  // The server itself writes the date.
  const headers = [...response.headers].filter(([name]) => name !== "date");
  return await startServer({
    script: "tests/bench/baseline/answer.ts",
    env: { ANSWER: JSON.stringify({ status, headers, body }) },
  });
}
