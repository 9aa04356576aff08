import type { DeadLetterView, WaitingEvent } from "../../../../api/mod.ts";
import { Age, Card, plain, plural } from "../components/mod.ts";
import { Frame, Steps } from "./frame.tsx";

/** Data of the page of events. */
export interface WebhooksPageProps {
  /** Events that wait for receivers, the oldest first. */
  pending: readonly WaitingEvent[];
  /** Events that a receiver has not accepted in all attempts. */
  letters: readonly DeadLetterView[];
  /** Position of this page of dead letters. */
  last: string | undefined;
  /** Position of the next page. */
  next: string | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

/** `/admin/webhooks`: events that wait, and dead letters with their forms. */
export function WebhooksPage({ pending, letters, last, next, now }: WebhooksPageProps) {
  return (
    <Frame path="/admin/webhooks">
      <Card title="Dead letters" side={<span class="muted small">not accepted in all attempts</span>} flush>
        {letters.length === 0 ? <p>None.</p> : (
          <table class="fold">
            <thead>
              <tr>
                <th scope="col">Event</th>
                <th scope="col">Webhook</th>
                <th scope="col">Last attempt</th>
                <th scope="col">Reason</th>
                <th scope="col">Actions</th>
              </tr>
            </thead>
            <tbody>
              {letters.map((letter) => <LetterRow letter={letter} now={now} />)}
            </tbody>
          </table>
        )}
      </Card>
      <Steps path="/admin/webhooks" last={last} next={next} />
      <Card title="Waiting" flush>
        {pending.length === 0 ? <p>No event waits.</p> : (
          <table class="fold">
            <thead>
              <tr>
                <th scope="col">Event</th>
                <th scope="col">Webhook</th>
                <th scope="col">Time</th>
                <th scope="col">Failed attempts</th>
              </tr>
            </thead>
            <tbody>
              {pending.map(({ webhook, attempts, error, at, ...event }) => (
                <tr>
                  <th scope="row">{nameOf(event)}</th>
                  <td>{webhook}</td>
                  <td>
                    <Age at={Date.parse(at)} now={now} />
                  </td>
                  <td>{error === undefined ? attempts : `${attempts}: ${plain(error, 200)}`}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Card>
    </Frame>
  );
}

function LetterRow({ letter, now }: { letter: DeadLetterView; now: number }) {
  const { id, webhook, attempts, error, attemptedAt } = letter;
  const name = nameOf(letter);
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{webhook}</td>
      <td>
        <Age at={Date.parse(attemptedAt)} now={now} />, {plural(attempts, "attempt")}
      </td>
      <td>{plain(error, 200)}</td>
      <td>
        <form action="/admin/webhooks" method="post">
          <input type="hidden" name="id" value={id} />
          <button type="submit" name="do" value="retry">
            Send again<span class="visually-hidden">{` ${name}`}</span>
          </button>{" "}
          <button type="submit" name="do" value="drop">
            Delete<span class="visually-hidden">{` ${name}`}</span>
          </button>
        </form>
      </td>
    </tr>
  );
}

function nameOf({ type, subject }: Pick<DeadLetterView, "type" | "subject">): string {
  return plain(subject === undefined ? type : `${type} ${subject}`, 200);
}
