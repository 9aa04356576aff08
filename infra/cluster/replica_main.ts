/**
 * Process of a replica: main.ts, which also ends when the cluster ends.
 *
 * @module
 */
import { endWithParent } from "./child.ts";

endWithParent();
await import("../../main.ts");
