# A shared cache in front of a registry with a public host, with the headers of any `cdn`.
vcl 4.1;

import std;

backend registry {
  .host = "127.0.0.1";
  .port = "8000";
}

acl operators {
  "127.0.0.1";
}

sub vcl_recv {
  # A purge by cache tag: BAN with the tag in X-Cache-Tag.
  if (req.method == "BAN") {
    if (client.ip !~ operators || req.http.X-Cache-Tag !~ "^([rd]-[0-9a-f]{16}|skerry)$") {
      return (synth(403));
    }
    # Tags are separated by commas, and none is the beginning of another one.
    ban("obj.http.Cache-Tag ~ " + req.http.X-Cache-Tag);
    ban("obj.http.Deno-Cache-Tag ~ " + req.http.X-Cache-Tag);
    ban("obj.http.Surrogate-Key ~ " + req.http.X-Cache-Tag);
    return (synth(204));
  }
  # Only the public host has answers for everyone. The host is part of the key (vcl_hash).
  if (regsub(req.http.Host, ":\d+$", "") != "pull.example.com") {
    return (pass);
  }
  if (req.method != "GET" && req.method != "HEAD") {
    return (pass);
  }
  # The public host ignores them. The built-in VCL would pass such a request by, so this one ends with a hash.
  unset req.http.Authorization;
  unset req.http.Cookie;
  return (hash);
}

sub vcl_backend_response {
  # Never stale: the time in the answer is the bound of a delete.
  set beresp.grace = 0s;
  set beresp.keep = 0s;
  # The field for a CDN comes before Cache-Control (RFC 9213), and ends here.
  set beresp.http.X-CDN-Control = beresp.http.Cloudflare-CDN-Cache-Control +
    beresp.http.Deno-CDN-Cache-Control + beresp.http.Surrogate-Control;
  unset beresp.http.Cloudflare-CDN-Cache-Control;
  unset beresp.http.Deno-CDN-Cache-Control;
  unset beresp.http.Surrogate-Control;
  if (beresp.http.X-CDN-Control ~ "max-?age=\d+") {
    set beresp.ttl = std.duration(regsub(beresp.http.X-CDN-Control, "^.*max-?age=(\d+).*$", "\1s"), 0s);
    unset beresp.http.X-CDN-Control;
    return (deliver);
  }
  unset beresp.http.X-CDN-Control;
}

sub vcl_deliver {
  if (obj.hits > 0) {
    set resp.http.X-Cache = "hit";
  } else {
    set resp.http.X-Cache = "miss";
  }
}
