import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/**
 * Runs `skerry htpasswd alice` on a terminal of its own, which `script` makes, and writes `typed` when it asks. Answers
 * all that the terminal shows, and at its end the exit code and if the terminal shows again what is typed.
 */
async function atPrompt(typed: string): Promise<string> {
  const skerry = `${Deno.execPath()} run --quiet --allow-all ${MAIN} htpasswd alice`;
  const inner = `trap : INT; ${skerry}; echo "exit=$?"; stty -a | grep -o -- "-\\?\\becho\\b"`;
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", inner, "/dev/null"],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const keyboard = child.stdin.getWriter();
  let shown = "";
  let hasTyped = false;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    shown += text;
    if (hasTyped || !shown.includes("Password:")) continue;
    hasTyped = true;
    await keyboard.write(new TextEncoder().encode(typed));
  }
  await keyboard.close().catch(() => {}); // the terminal is gone
  await child.status;
  return shown.replaceAll("\r", "");
}

const ignore = Deno.build.os !== "linux"; // elsewhere `script` takes other arguments

Deno.test("htpasswd() gives the terminal back when Ctrl+C ends its prompt", { ignore }, async () => {
  assertMatch(await atPrompt("secr\x03"), /^Password:\n(\^C)?exit=130\necho\n$/);
});

Deno.test(
  "htpasswd() does not echo the typed password, and restores the terminal",
  { ignore },
  async () => {
    const shown = await atPrompt("secrex\x7ft\n");
    assertMatch(shown, /^Password:\nalice:\$2\S+\nexit=0\necho\n$/);
    assertEquals(shown.includes("secre"), false);
  },
);
