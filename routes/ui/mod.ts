/**
 * The web UI: pages on the server, which need no script. `createApp` loads this room with the first request for one of
 * its paths.
 *
 * @module
 */
export type { UiAccess, UiLogins, UiOptions, UiProvider } from "./options.ts";
export { createUiAccess, type UiAccessOptions, type UiAccounts } from "./ui_access.ts";
export { uiRoute } from "./ui_route.ts";
export type { Viewer, ViewerAccount } from "./viewer.ts";
