/**
 * Command that kubelet runs to pull images as the pod that needs them.
 *
 * @module
 */
export { credentialProvider } from "./credential_provider.ts";
