import manifest from "../deno.json" with { type: "json" };

/** Prints the version of the registry, and that of Deno. */
export function printVersion(print: (text: string) => void): number {
  print(`skerry ${manifest.version} (deno ${Deno.version.deno})`);
  return 0;
}
