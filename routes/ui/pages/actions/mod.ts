/**
 * Changes that people make in the web UI. Each has a page that tells what will change and what stays, and a form on it.
 *
 * @module
 */
export { changeRoutes } from "./change_routes.ts";
