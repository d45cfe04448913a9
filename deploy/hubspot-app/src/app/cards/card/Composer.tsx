/** Where the next message is written; what keeps it from being sent is said here, before anything is lost. */

import { Alert, Button, Flex, Text, TextArea, Tile } from "@hubspot/ui-extensions";
import type { ComposerState, Context } from "./answers.ts";
import { bubbles, hasLink, length } from "./text.ts";
import type { Times } from "./times.ts";

/** What is being written; it outlives a look at another tab. */
export interface Draft {
  readonly text: string;
  readonly write: (text: string) => void;
}

interface ComposerProps {
  readonly contact: Context["contact"];
  readonly composer: ComposerState;
  readonly line: Context["status"]["phone_line"];
  readonly times: Times;
  readonly draft: Draft;
  readonly onSend: (text: string) => void;
  readonly onFocus: () => void;
}

/** The field, what it will become, and Send. */
export function Composer({ contact, composer, line, times, draft, onSend, onFocus }: ComposerProps) {
  const parts = bubbles(draft.text);
  const tooLong = length(draft.text) > composer.max_characters;
  const sendable = composer.can_send && parts.length > 0 && !tooLong;
  const send = () => {
    onSend(draft.text.trim());
    draft.write("");
  };
  return (
    <Flex direction="column" gap="small">
      {!composer.can_send && <CannotSend composer={composer} times={times} />}
      <TextArea
        name="message"
        label={`iMessage to ${contact.name ?? "this contact"}`}
        description={addresses(contact, line)}
        value={draft.text}
        rows={3}
        resize="vertical"
        readOnly={!composer.can_send}
        error={tooLong}
        validationMessage={tooLong ? `At most ${composer.max_characters} characters` : ""}
        onInput={draft.write}
        onFocus={onFocus}
      />
      {parts.length > 0 && <Text variant="microcopy">{measure(draft.text, parts.length, composer.max_characters)}</Text>}
      {parts.length > 1 && <Preview parts={parts} />}
      {composer.first_message === true && hasLink(draft.text) && (
        <Alert title="A first message must not hold a link" variant="warning">
          Chert refuses it. Send a message without the link first.
        </Alert>
      )}
      <Flex direction="row" justify="end">
        <Button variant="primary" disabled={!sendable} onClick={send}>
          Send
        </Button>
      </Flex>
    </Flex>
  );
}

const OPTED_OUT = 1012;

function CannotSend({ composer, times }: { readonly composer: ComposerState; readonly times: Times }) {
  const since = composer.opted_out_since === null ? "" : ` Since ${times.moment(composer.opted_out_since)}.`;
  const title = composer.code === OPTED_OUT ? "Contact opted out" : "Sending is not possible now";
  return (
    <Alert title={title} variant="warning">
      {`${composer.message ?? "Chert does not allow it."}${since}`}
    </Alert>
  );
}

function Preview({ parts }: { readonly parts: readonly string[] }) {
  return (
    <Flex direction="column" gap="extra-small" align="end">
      <Text variant="microcopy">Will be sent as</Text>
      {parts.map((part, index) => (
        <Tile compact key={index}>
          <Text>{part}</Text>
        </Tile>
      ))}
    </Flex>
  );
}

function measure(text: string, parts: number, longest: number): string {
  return `${length(text)} of ${longest} characters · ${parts === 1 ? "1 bubble" : `${parts} bubbles`}`;
}

function addresses({ phone }: Context["contact"], line: Context["status"]["phone_line"]): string {
  if (phone === null) {
    return "";
  }
  return line === null ? `To ${phone}, from a line that Chert chooses` : `From ${line.phone_number} to ${phone}`;
}
