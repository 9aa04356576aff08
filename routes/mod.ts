/**
 * HTTP interface over the `Registry` interface: one file for each resource of distribution-spec, and the Hono app that
 * serves them.
 *
 * @module
 */
export type { Access, Client } from "./access/mod.ts";
export {
  type Challenge,
  createChallenge,
  deferredAccess,
  type Demand,
  type TokenError,
} from "./access/mod.ts";
export { type App, type AppOptions, createApp, preloadRegistryRoute } from "./app.ts";
export type { AccountTokenOptions, DeferredAccountTokens } from "./account_tokens.ts";
export type { Delivery, DeliveryOptions, DeliveryRule } from "./delivery.ts";
export type { ReadBody, RequestLimits } from "./handler.ts";
export type { BodyBudgetOptions } from "./http/body_budget.ts";
export type { Answer, BodyBudget, BodyHold, RawUrl } from "./http/mod.ts";
export {
  type AdmissionOptions,
  type AppEnv,
  type Exchange,
  type RequestInfo,
  type RequestLog,
  withoutProbes,
} from "./middleware/mod.ts";
export type {
  CacheDialect,
  CachingRules,
  DeferredRights,
  PublicFaceOptions,
  PublicRights,
} from "./public/mod.ts";
export { templateOf, type UiKind } from "./endpoints.ts";
export type { ApiPage } from "./endpoints.ts";
export type { Route, RouteFacts, RouteKind } from "./route.ts";
export type { RegistryRouteOptions } from "./registry_route.ts";
export type { SealedApi } from "../api/mod.ts";
export type { ServiceOptions } from "./services.ts";
export type { DeferredTokens, TokenOptions } from "./token.ts";
export type { UiAccess, UiLogins, UiOptions, UiProvider, Viewer, ViewerAccount } from "./ui/mod.ts";
