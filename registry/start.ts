/**
 * Parts of the registry that a process needs before its first answer.
 *
 * @module
 */
export { UNRESTRICTED_CALLER } from "./caller.ts";
export { deferredRegistry } from "./filters/deferred_registry.ts";
export { skewOf } from "./protocol/clock_skew.ts";
