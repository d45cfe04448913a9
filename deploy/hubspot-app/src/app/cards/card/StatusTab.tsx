/** Is the account connected, who is this to Chert, which line is in use, what is planned. */

import { Button, DescriptionList, DescriptionListItem, Flex, LoadingSpinner, StatusTag, Text } from "@hubspot/ui-extensions";

import type { Context } from "./answers.ts";
import type { State } from "./conversation.ts";
import { isDisconnected, type Problem } from "./outcome.ts";
import { Trace } from "./ProblemNotice.tsx";
import type { Times } from "./times.ts";
import { wordsFor } from "./words.ts";

interface StatusProps {
  readonly state: State;
  readonly times: Times;
  readonly onReload: () => void;
}

/** The second tab. */
export function StatusTab({ state, times, onReload }: StatusProps) {
  if (state.context === null && state.problem === null) {
    return <LoadingSpinner label="Loading the status" showLabel layout="centered" />;
  }
  return (
    <Flex direction="column" gap="small">
      <Connection problem={state.problem} />
      {state.context !== null && <Facts context={state.context} times={times} />}
      {state.loadedAt !== null && <Text variant="microcopy">{`As of ${times.moment(state.loadedAt)}`}</Text>}
      <Button size="xs" onClick={onReload}>
        Check again
      </Button>
    </Flex>
  );
}

function Connection({ problem }: { readonly problem: Problem | null }) {
  if (problem === null) {
    return <StatusTag variant="success">Connected</StatusTag>;
  }
  const { title, advice } = wordsFor(problem);
  return (
    <Flex direction="column" gap="extra-small">
      <StatusTag variant={isDisconnected(problem) ? "danger" : "warning"}>
        {isDisconnected(problem) ? "Not connected" : "Not reachable"}
      </StatusTag>
      <Text>{`${title}. ${advice}`}</Text>
      <Trace problem={problem} />
    </Flex>
  );
}

function Facts({ context, times }: { readonly context: Context; readonly times: Times }) {
  const { contact, lead, line, composer } = context;
  return (
    <DescriptionList direction="column">
      <DescriptionListItem label="Number">{numberOf(contact)}</DescriptionListItem>
      <DescriptionListItem label="Lead">
        {lead === null ? "None yet; the first message makes one" : "Known to Chert"}
      </DescriptionListItem>
      <DescriptionListItem label="Line in use">{line?.phone_number ?? "Chosen from the pool at each send"}</DescriptionListItem>
      <DescriptionListItem label="Next scheduled send">
        {context.next_send_at === null ? "None known" : times.moment(context.next_send_at)}
      </DescriptionListItem>
      <DescriptionListItem label="Sending">
        {composer.can_send ? "Possible" : (composer.message ?? "Not possible now")}
      </DescriptionListItem>
    </DescriptionList>
  );
}

function numberOf(contact: Context["contact"]): string {
  if (contact.phone === null) {
    return "None";
  }
  return contact.phone_property === "mobilephone" ? `${contact.phone} (mobile)` : contact.phone;
}
