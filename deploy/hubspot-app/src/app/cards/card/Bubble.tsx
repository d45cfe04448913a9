/** One message: who and when first, for whoever hears the card read out, then what it says. */

import { Alert, Button, Flex, Link, Text, Tile } from "@hubspot/ui-extensions";

import type { Message } from "./answers.ts";
import type { Bubble as BubbleState, Outgoing } from "./conversation.ts";
import { isWorthRetrying } from "./outcome.ts";
import { Trace } from "./ProblemNotice.tsx";
import { bubbles } from "./text.ts";
import type { Times } from "./times.ts";
import { wordsForUnsent } from "./words.ts";

interface BubbleProps {
  readonly bubble: BubbleState;
  readonly contactName: string;
  readonly times: Times;
  readonly onRetry: (clientMessageId: string) => void;
  readonly onDiscard: (clientMessageId: string) => void;
}

/** A message of the thread. */
export function Bubble({ bubble, contactName, times, onRetry, onDiscard }: BubbleProps) {
  if (bubble.kind === "listed") {
    const { message } = bubble;
    const sender = senderOf(message, contactName);
    return (
      <Side
        outbound={message.direction === "outbound"}
        caption={message.at === null ? sender : `${sender} · ${times.time(message.at)}`}
      >
        {bubbles(message.text).map((text, index) => (
          <Tile compact key={index}>
            <Lines text={text} />
          </Tile>
        ))}
        {message.attachments.map((attachment, index) => (
          <Tile compact key={index}>
            <Media attachment={attachment} place={placeAmong(message.attachments, index)} />
          </Tile>
        ))}
      </Side>
    );
  }
  const { outgoing } = bubble;
  return (
    <Side outbound caption={`You · ${STATES[outgoing.state]}`}>
      {bubbles(outgoing.text).map((text, index) => (
        <Tile compact key={index}>
          <Lines text={text} />
        </Tile>
      ))}
      <NotSent outgoing={outgoing} onRetry={onRetry} onDiscard={onDiscard} />
    </Side>
  );
}

const STATES: Readonly<Record<Outgoing["state"], string>> = {
  sending: "Sending …",
  sent: "Sent",
  failed: "Not sent",
};

interface SideProps {
  readonly outbound: boolean;
  readonly caption: string;
  readonly children: React.ReactNode;
}

/** What we sent stands on the right, what came on the left. */
function Side({ outbound, caption, children }: SideProps) {
  return (
    <Flex direction="column" gap="extra-small" align={outbound ? "end" : "start"}>
      <Text variant="microcopy">{caption}</Text>
      {children}
    </Flex>
  );
}

/** A link where there is one to follow; what it shows opens in the reader's browser, not in the card. */
function Media({ attachment: { type, url }, place }: { readonly attachment: Attachment; readonly place: string }) {
  const address = addressOf(url);
  const label = type === "rich_link" ? (address?.host ?? "Link") : `${MEDIA[type] ?? "Attachment"}${place}`;
  return address === null ? <Text>{label}</Text> : <Link href={{ url: address.href, external: true }}>{label}</Link>;
}

type Attachment = Message["attachments"][number];

const MEDIA: Readonly<Record<string, string>> = { image: "Image", video: "Video", audio: "Audio" };

/** An address that can be opened in a browser. */
function addressOf(url: string | null): URL | null {
  const address = url === null || !URL.canParse(url) ? null : new URL(url);
  return address !== null && ["https:", "http:"].includes(address.protocol) ? address : null;
}

/** Which of several it is, so that links read out one by one differ. */
function placeAmong(attachments: readonly Attachment[], index: number): string {
  return attachments.length === 1 ? "" : ` ${index + 1} of ${attachments.length}`;
}

function Lines({ text }: { readonly text: string }) {
  return (
    <Flex direction="column">
      {text.split("\n").map((line, index) => (
        <Text key={index}>{line === "" ? " " : line}</Text>
      ))}
    </Flex>
  );
}

interface NotSentProps {
  readonly outgoing: Outgoing;
  readonly onRetry: (clientMessageId: string) => void;
  readonly onDiscard: (clientMessageId: string) => void;
}

/** Why a message was not sent, and what can be done. */
function NotSent({ outgoing, onRetry, onDiscard }: NotSentProps) {
  if (outgoing.problem === null) {
    return null;
  }
  const { title, advice } = wordsForUnsent(outgoing.problem);
  return (
    <>
      <Alert title={title} variant="danger">
        {advice}
      </Alert>
      <Trace problem={outgoing.problem} />
      <Flex direction="row" gap="small">
        {isWorthRetrying(outgoing.problem) && (
          <Button
            size="xs"
            onClick={() => {
              onRetry(outgoing.clientMessageId);
            }}
          >
            Try again
          </Button>
        )}
        <Button
          size="xs"
          variant="transparent"
          onClick={() => {
            onDiscard(outgoing.clientMessageId);
          }}
        >
          Dismiss
        </Button>
      </Flex>
    </>
  );
}

function senderOf({ sender, direction }: Message, contactName: string): string {
  switch (sender.kind) {
    case "contact":
      return contactName;
    case "you":
      return "You";
    case "colleague":
      return "A colleague";
    case "workflow":
      return sender.workflow_id === null ? "Workflow" : `Workflow ${sender.workflow_id}`;
    case "contact_creation":
      return "Automatic first message";
    case "unknown":
      return direction === "inbound" ? contactName : "Chert";
  }
}
