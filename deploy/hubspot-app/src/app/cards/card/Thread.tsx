/** The conversation: a line between days, a mark before what is new, the newest message last. */

import { Button, Divider, Flex, StatusTag, Text } from "@hubspot/ui-extensions";
import { Fragment, useState } from "react";

import { Bubble } from "./Bubble.tsx";
import type { Bubble as BubbleState } from "./conversation.ts";
import type { Times } from "./times.ts";

/** How many messages are shown at first: the composer stays in sight below them. */
export const SHOWN_AT_FIRST = 10;
const SHOWN_MORE = 50;

interface ThreadProps {
  readonly bubbles: readonly BubbleState[];
  readonly firstUnread: string | null;
  readonly hasMore: boolean;
  readonly contactName: string;
  readonly times: Times;
  readonly onRetry: (clientMessageId: string) => void;
  readonly onDiscard: (clientMessageId: string) => void;
}

/** All messages, or the latest and a button for those before. */
export function Thread({ bubbles, firstUnread, hasMore, contactName, times, onRetry, onDiscard }: ThreadProps) {
  const [shown, setShown] = useState(SHOWN_AT_FIRST);
  const hidden = Math.max(bubbles.length - shown, 0);
  const visible = bubbles.slice(hidden);
  return (
    <Flex direction="column" gap="small">
      {hidden > 0 && (
        <Button
          size="xs"
          variant="transparent"
          onClick={() => {
            setShown(shown + SHOWN_MORE);
          }}
        >
          {`Show earlier messages (${hidden})`}
        </Button>
      )}
      {hidden === 0 && hasMore && <Text variant="microcopy">Older messages are in the Chert console.</Text>}
      {visible.map((bubble, index) => (
        <Fragment key={bubble.key}>
          <Day bubble={bubble} before={visible[index - 1]} times={times} />
          {bubble.key === firstUnread && <StatusTag variant="info">New</StatusTag>}
          <Bubble bubble={bubble} contactName={contactName} times={times} onRetry={onRetry} onDiscard={onDiscard} />
        </Fragment>
      ))}
    </Flex>
  );
}

interface DayProps {
  readonly bubble: BubbleState;
  readonly before: BubbleState | undefined;
  readonly times: Times;
}

function Day({ bubble, before, times }: DayProps) {
  const day = bubble.at === null ? null : times.day(bubble.at);
  const dayBefore = before?.at == null ? null : times.day(before.at);
  if (day === null || day === dayBefore) {
    return null;
  }
  return (
    <Flex direction="column" align="center">
      {before !== undefined && <Divider />}
      <Text variant="microcopy" format={{ fontWeight: "demibold" }}>
        {day}
      </Text>
    </Flex>
  );
}
