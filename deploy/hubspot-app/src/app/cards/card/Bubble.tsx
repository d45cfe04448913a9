/** One message: who and when first, for whoever hears the card read out, then what it says. */

import { Alert, Button, Flex, Link, Text, Tile } from "@hubspot/ui-extensions";

import type { Message, Part } from "./answers.ts";
import type { Bubble as BubbleState, Outgoing } from "./conversation.ts";
import { isWorthRetrying } from "./outcome.ts";
import { Trace } from "./ProblemNotice.tsx";
import { bubbles } from "./text.ts";
import type { Times } from "./times.ts";
import { wordsFor } from "./words.ts";

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
    const caption = `${senderOf(message, contactName)} · ${times.time(message.at)}`;
    return (
      <Side outbound={message.direction === "outbound"} caption={caption}>
        {message.parts.map((part, index) => (
          <Tile compact key={index}>
            <PartBody part={part} />
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

function PartBody({ part }: { readonly part: Part }) {
  if (part.type === "text") {
    return <Lines text={part.value} />;
  }
  const label = mediaLabel(part);
  return part.url === null ? <Text>{label}</Text> : <Link href={{ url: part.url, external: true }}>{label}</Link>;
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
  const { title, advice } = wordsFor(outgoing.problem);
  return (
    <>
      <Alert title={title} variant="danger">
        {outgoing.problem.kind === "trouble" ? "It is not known whether it was sent. Trying again sends it at most once." : advice}
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

function senderOf(message: Message, contactName: string): string {
  const { kind, name } = message.sender;
  switch (kind) {
    case "you":
      return "You";
    case "lead":
      return name ?? contactName;
    case "workflow":
      return name === null ? "Workflow" : `Workflow ${name}`;
    case "contact_creation":
      return "Automatic first message";
    case "colleague":
      return name ?? "A colleague";
    case "other":
      return name ?? (message.direction === "inbound" ? contactName : "Chert");
  }
}

const KIB = 1024;

function mediaLabel(part: Extract<Part, { type: "media" }>): string {
  const kind = part.content_type?.split("/")[0] ?? "";
  const name = { image: "Image", video: "Video", audio: "Audio" }[kind] ?? "Attachment";
  return part.size_bytes === null ? name : `${name} (${sizeOf(part.size_bytes)})`;
}

function sizeOf(bytes: number): string {
  return bytes < KIB * KIB ? `${Math.ceil(bytes / KIB)} kB` : `${(bytes / KIB / KIB).toFixed(1)} MB`;
}
