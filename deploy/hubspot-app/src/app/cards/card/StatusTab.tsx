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
      <Flex direction="row">
        <Button size="xs" onClick={onReload}>
          Check again
        </Button>
      </Flex>
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
  const { contact, status, settings, composer } = context;
  return (
    <DescriptionList direction="column">
      <DescriptionListItem label="Number">{numberOf(contact)}</DescriptionListItem>
      <DescriptionListItem label="Lead">
        {status.lead_id === null ? "None known; the first message makes one" : "Known to Chert"}
      </DescriptionListItem>
      <DescriptionListItem label="Line in use">{lineOf(status)}</DescriptionListItem>
      <DescriptionListItem label="Line of this account">
        {settings?.phone_line_id == null ? "Pool default" : "Chosen by an admin"}
      </DescriptionListItem>
      <DescriptionListItem label="Next scheduled send">{nextSendOf(status, times)}</DescriptionListItem>
      <DescriptionListItem label="Sending">
        {composer.can_send ? "Possible" : (composer.message ?? "Not possible now")}
      </DescriptionListItem>
    </DescriptionList>
  );
}

function lineOf({ phone_line: line }: Context["status"]): string {
  if (line === null) {
    return "Chosen by Chert at the next send";
  }
  return line.is_active ? line.phone_number : `${line.phone_number} (not in service)`;
}

function nextSendOf(status: Context["status"], times: Times): string {
  if (!status.next_send_known) {
    return "Not available";
  }
  return status.next_send_at === null ? "None" : times.moment(status.next_send_at);
}

function numberOf(contact: Context["contact"]): string {
  if (contact.phone === null) {
    return "None";
  }
  return contact.phone_property === "mobilephone" ? `${contact.phone} (mobile)` : contact.phone;
}
