// What becomes of changes when the reader of the log goes away.
import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { digestOf, EMPTY } from "../harness/content.ts";
import { freePort } from "../harness/ports.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** The first line of an output, whose reader is gone after that. */
async function firstLine(output: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const bytes of output) {
    text += new TextDecoder().decode(bytes);
    if (text.includes("\n")) break; // which cancels the stream
  }
  return text;
}

Deno.test("a registry whose log has no reader refuses changes, says so, and answers pulls", async () => {
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN],
    env: { PORT: String(port), SKERRY_DATA: data, SKERRY_LOG: "json" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const trouble = new Response(child.stderr).text();
  try {
    assertMatch(await firstLine(child.stdout), /Listening/);
    const url = `http://127.0.0.1:${port}/v2/team/app/blobs`;
    const push = async () => {
      const response = await fetch(`${url}/uploads/?digest=${digestOf(EMPTY)}`, {
        method: "POST",
        body: EMPTY,
      });
      await response.body?.cancel();
      return response.status;
    };
    assertEquals(await push(), 201);
    let status = 201;
    for (let attempt = 0; status === 201 && attempt < 1000; attempt++) status = await push();
    assertEquals(status, 503);
    assertEquals(await (await fetch(`${url}/${digestOf(EMPTY)}`)).text(), "{}");
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await Deno.remove(data, { recursive: true });
  }
  assertMatch(
    await trouble,
    /Cannot write the audit log: Broken pipe.* Changes are refused until it is written/,
  );
});
