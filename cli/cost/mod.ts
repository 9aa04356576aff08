/**
 * `skerry cost`: costs of a load at AWS and Deno Deploy. Needs no configuration.
 *
 * @module
 */
export { cost, type CostOptions } from "./cost.ts";
