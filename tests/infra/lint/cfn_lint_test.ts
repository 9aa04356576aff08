import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { tool } from "../../tools/tool.ts";

const INFRA = fileURLToPath(new URL("../../../infra", import.meta.url));
const cfnLint = await tool("cfn-lint");

async function lint(paths: string[]): Promise<{ code: number; output: string }> {
  const command = new Deno.Command(cfnLint, {
    args: ["--include-checks", "I", "--", ...paths],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await command.output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test("cfn-lint accepts every template", async () => {
  const files = (await Array.fromAsync(Deno.readDir(INFRA))).filter(({ isFile }) => isFile)
    .map(({ name }) => `${INFRA}/${name}`);
  assertEquals(await lint(files.toSorted()), { code: 0, output: "" });
});

Deno.test("cfn-lint reports an unknown property and a reference to nothing", async () => {
  const template = await Deno.readTextFile(`${INFRA}/replica.yaml`);
  const path = await Deno.makeTempFile({ prefix: "skerry-template-", suffix: ".yaml" });
  try {
    await Deno.writeTextFile(
      path,
      template.replace("OwnershipControls:", "OwnershipControl:").replace("!Ref Bucket\n", "!Ref Bukket\n"),
    );
    const { output } = await lint([path]);
    assertStringIncludes(output, "'OwnershipControl'");
    assertStringIncludes(output, "'Bukket'");
  } finally {
    await Deno.remove(path);
  }
});
