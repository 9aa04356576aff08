import type { Status } from "../../../../api/mod.ts";
import { Age, Card, Note, Plain, plain, ShareBar, Tile } from "../components/mod.ts";
import { Frame } from "./frame.tsx";

/** `/admin`: the state of the process and of its background work. */
export function StatusPage({ status, now }: { status: Status; now: number }) {
  const { version, startedAt, ready, warnings, readOnly, work } = status;
  return (
    <Frame path="/admin">
      {warnings.map((warning) => (
        <Note tone="warn">
          <p>
            <Plain text={warning} max={600} />
          </p>
        </Note>
      ))}
      <div class="tiles">
        <Tile value={ready ? "ready" : "not ready"} label="storage of this process" />
        <Tile value={plain(version, 40)} label="version" />
        <Tile value={<Age at={Date.parse(startedAt)} now={now} />} label="start of this process" />
        {readOnly && <Tile value="read-only" label="every change is refused" />}
      </div>
      <Card title="Background work" flush>
        {work.length === 0 ? <p>No background work has run yet.</p> : (
          <table class="fold">
            <thead>
              <tr>
                <th scope="col">Work</th>
                <th scope="col">State</th>
                <th scope="col">Progress</th>
                <th scope="col">Until</th>
              </tr>
            </thead>
            <tbody>
              {work.map(({ name, state, progress, until }) => (
                <tr>
                  <th scope="row">{plain(name, 80)}</th>
                  <td>{plain(state, 80)}</td>
                  <td>
                    {progress !== undefined && (
                      <>
                        {`${Math.round(progress * 100)} %`}
                        <ShareBar share={progress} kind="copy" />
                      </>
                    )}
                  </td>
                  <td>{until && <Age at={Date.parse(until)} now={now} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Card>
    </Frame>
  );
}
