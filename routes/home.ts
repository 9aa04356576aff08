import type { Handler } from "./handler.ts";

/** `/`: page for people who open the registry in a browser. Contains no host name, because `Host` is not trusted. */
export function getHome(): Handler<"home"> {
  const body = new TextEncoder().encode(PAGE);
  return function getHome() {
    return {
      status: 200,
      headers: {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Content-Security-Policy":
          "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
      },
      body,
    };
  };
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Skerry</title>
<style>
body { max-width: 42rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
pre { padding: 1rem; overflow-x: auto; background: #8882; }
</style>
</head>
<body>
<h1>Skerry</h1>
<p>This is a registry for container images and other OCI artifacts. Replace
<code>REGISTRY</code> in the examples with the host and port of this page's address.</p>
<h2>Log in, if required</h2>
<pre>podman login REGISTRY</pre>
<h2>Push</h2>
<pre>podman tag IMAGE REGISTRY/NAME:TAG
podman push REGISTRY/NAME:TAG</pre>
<h2>Pull</h2>
<pre>podman pull REGISTRY/NAME:TAG</pre>
<p>docker, skopeo, crane, oras, regctl and helm also work. For a registry without TLS, use their option for it, such as
podman's <code>--tls-verify=false</code>.</p>
<p><a href="/v2/_catalog">List the repositories</a></p>
</body>
</html>
`;
