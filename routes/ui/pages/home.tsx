import type { Registry } from "../../../registry/interface.ts";
import type { ShowPage } from "../page_route.ts";

/** Most repositories of the page. */
const MAX_REPOSITORIES = 100;

/** `/`: the repositories, or the way to push the first image. */
export function showHome(registry: Pick<Registry, "listRepositories">): ShowPage {
  return async function showHome(_request, { caller, host }) {
    const { items } = await registry.listRepositories({ limit: MAX_REPOSITORIES }, caller);
    return {
      title: "Repositories",
      body: (
        <>
          <h1>Repositories</h1>
          {items.length === 0 ? <FirstPush host={host} /> : (
            <ul>
              {items.map((name) => (
                <li>
                  <a href={`/r/${name}`}>{name}</a>
                </li>
              ))}
            </ul>
          )}
        </>
      ),
    };
  };
}

function FirstPush({ host }: { host: string }) {
  return (
    <>
      <p>There is nothing here yet that you may see. Push an image:</p>
      <pre>{`docker tag IMAGE ${host}/NAME:TAG\ndocker push ${host}/NAME:TAG`}</pre>
    </>
  );
}
