/** The thread, and below it where the next message is written. */

import { Alert, Divider, EmptyState, Flex, LoadingSpinner, Text } from "@hubspot/ui-extensions";

import type { Context } from "./answers.ts";
import { Composer, type Draft } from "./Composer.tsx";
import { thread, unread } from "./conversation.ts";
import { ProblemAlert, ProblemPage } from "./ProblemNotice.tsx";
import { Thread } from "./Thread.tsx";
import type { Times } from "./times.ts";
import type { Conversation } from "./useConversation.ts";

interface ConversationProps {
  readonly conversation: Conversation;
  readonly times: Times;
  readonly draft: Draft;
}

/** The first tab. */
export function ConversationTab({ conversation, times, draft }: ConversationProps) {
  const { state, reload } = conversation;
  if (state.context === null) {
    return state.problem === null ? (
      <LoadingSpinner label="Loading the conversation" showLabel layout="centered" />
    ) : (
      <ProblemPage problem={state.problem} onRetry={reload} />
    );
  }
  return (
    <Flex direction="column" gap="small">
      {state.problem !== null && state.loadedAt !== null && (
        <ProblemAlert problem={state.problem} shown={times.time(state.loadedAt)} />
      )}
      <Messages conversation={conversation} context={state.context} times={times} />
      <Divider />
      <Composer
        contact={state.context.contact}
        composer={state.context.composer}
        line={state.context.status.phone_line}
        times={times}
        draft={draft}
        onSend={conversation.send}
        onFocus={conversation.markRead}
      />
    </Flex>
  );
}

interface MessagesProps {
  readonly conversation: Conversation;
  readonly context: Context;
  readonly times: Times;
}

function Messages({ conversation, context, times }: MessagesProps) {
  const bubbles = thread(conversation.state);
  if (bubbles.length > 0) {
    return (
      <Thread
        bubbles={bubbles}
        firstUnread={unread(conversation.state)[0]?.id ?? null}
        hasMore={context.conversation.has_more}
        contactName={context.contact.name ?? "Contact"}
        times={times}
        onRetry={conversation.retry}
        onDiscard={conversation.discard}
      />
    );
  }
  if (!context.conversation.available) {
    return (
      <Alert title="The conversation cannot be shown now" variant="warning">
        Chert did not tell it. Sending may still be possible.
      </Alert>
    );
  }
  return context.contact.phone === null ? <NoPhone /> : <NoMessages name={context.contact.name} />;
}

function NoMessages({ name }: { readonly name: string | null }) {
  return (
    <EmptyState title="No messages yet" layout="vertical" imageName="contacts" imageWidth={80} flush>
      <Text>{`Write the first iMessage to ${name ?? "this contact"} below.`}</Text>
    </EmptyState>
  );
}

/** The composer says why; here stands where a number is looked for (chert-contract.md, section 6). */
function NoPhone() {
  return (
    <EmptyState title="No usable phone number" layout="vertical" imageName="contacts" imageWidth={80} flush>
      <Text>Looked at the properties Phone number and Mobile phone number.</Text>
    </EmptyState>
  );
}
