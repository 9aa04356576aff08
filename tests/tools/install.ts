/**
 * Installs the outside programs of the whole-system tests, all or those named as arguments, and prints their paths.
 *
 * @module
 */

import { installTools, isToolName, tool, TOOL_NAMES } from "./tool.ts";

const unknown = Deno.args.filter((name) => !isToolName(name));
if (unknown.length > 0) throw new TypeError(`Cannot install unknown programs: "${unknown.join('", "')}"`);

const names = Deno.args.length === 0 ? TOOL_NAMES : Deno.args.filter(isToolName);
await installTools(names);
for (const name of names) console.log(await tool(name));
