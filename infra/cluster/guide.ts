import type { Cluster } from "./cluster.ts";

/** Text for the terminal once the cluster has started. */
export function guideOf(
  { balancer, replicas, stores, folder }: Cluster,
  seconds: number,
  kept: boolean,
): string {
  const [first, second] = [replicas[0]!, replicas.at(1) ?? replicas[0]!];
  const host = (url: string) => url.replace("http://", "");
  const kill = Deno.build.os === "windows" ? "taskkill /F /PID" : "kill -9";
  return `
A cluster of ${replicas.length} replicas is ready after ${seconds.toFixed(1)} s

  balancer   ${balancer.url}   hands each request to the next replica
${
    replicas.map(({ number, url, pid }) =>
      `  replica ${number}  ${url}   stop it at once with: ${kill} ${pid}`
    ).join("\n")
  }
  S3         ${stores.s3}   both in process ${stores.pid}
  DynamoDB   ${stores.dynamoDb}

Push through one replica and pull through another (skopeo and podman need --tls-verify=false):

  docker tag alpine ${host(first.url)}/alpine && docker push ${host(first.url)}/alpine
  docker pull ${host(second.url)}/alpine

Then push to ${host(balancer.url)} and kill a replica meanwhile: clients retry, and the push succeeds.

Logs are in ${folder}. Ctrl+C stops the cluster${kept ? "" : " and removes its content"}.
Below: each request with its replica, and each replica that ends or comes back.
`;
}
