/**
 * Commands that show what a registry has and does, over its storage or at its address.
 *
 * @module
 */
export { confirmed } from "../prompt.ts";
export { diff } from "./diff.ts";
export { du } from "./du.ts";
export { history } from "./history.ts";
export { inspect } from "./inspect.ts";
export { ls } from "./ls.ts";
export { outputFor } from "./output.ts";
export { readDigest, readImage, readReference, readRepository, readTagged } from "./reference.ts";
export { rollback } from "./rollback.ts";
export { status } from "./status.ts";
export { tags } from "./tags.ts";
export { withSource } from "./with_source.ts";
