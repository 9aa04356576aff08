/**
 * Pages for administrators.
 *
 * @module
 */
export {
  showCollection,
  showPolicy,
  showQuotas,
  showRetention,
  showStatus,
  showStorage,
  showUploads,
} from "./show.tsx";
export { webhookRoute } from "./webhook_routes.tsx";
