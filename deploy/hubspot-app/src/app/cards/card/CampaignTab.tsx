/** What the project's campaign did today; Chert may not tell. */

import {
  DescriptionList,
  DescriptionListItem,
  EmptyState,
  Flex,
  List,
  LoadingSpinner,
  ProgressBar,
  StatusTag,
  Text,
} from "@hubspot/ui-extensions";
import { useEffect, useState } from "react";

import type { Api } from "./api.ts";
import type { Campaign } from "./answers.ts";
import type { Outcome } from "./outcome.ts";
import { ProblemPage } from "./ProblemNotice.tsx";
import type { Runtime } from "./runtime.ts";
import { clockIn, type Times } from "./times.ts";

interface CampaignProps {
  readonly api: Api;
  /** The contact that the card stands beside, once it is known. */
  readonly contactId: string | null;
  readonly runtime: Runtime;
  readonly times: Times;
}

/** The third tab; it asks when it is opened. */
export function CampaignTab({ api, contactId, runtime, times }: CampaignProps) {
  const [outcome, setOutcome] = useState<Outcome<Campaign> | null>(null);
  const [asked, setAsked] = useState(1);
  useEffect(() => {
    let shown = true;
    void api.campaign().then((answer) => {
      if (shown) {
        setOutcome(answer);
      }
    });
    return () => {
      shown = false;
    };
  }, [api, asked]);
  const askAgain = () => {
    setOutcome(null);
    setAsked(asked + 1);
  };
  if (outcome === null) {
    return <LoadingSpinner label="Loading the campaign" showLabel layout="centered" />;
  }
  if (outcome.kind !== "answer") {
    return <ProblemPage problem={outcome} onRetry={askAgain} />;
  }
  return (
    <Flex direction="column" gap="small">
      {outcome.value.available ? <Today campaign={outcome.value} now={runtime.now()} /> : <NotAvailable />}
      <Recent sends={outcome.value.recent} contactId={contactId} times={times} />
    </Flex>
  );
}

function NotAvailable() {
  return (
    <EmptyState title="Not available" layout="vertical" imageName="emptyStateCharts" imageWidth={80} flush>
      <Text>Chert does not share campaign figures for this project.</Text>
    </EmptyState>
  );
}

function Today({ campaign, now }: { readonly campaign: Campaign; readonly now: Date }) {
  return (
    <Flex direction="column" gap="small">
      <Count sent={campaign.sent_today} cap={campaign.daily_cap} />
      <DescriptionList direction="column">
        <DescriptionListItem label="Sending window">
          {campaign.window === null ? "Always open" : windowOf(campaign.window, campaign.timezone, now)}
        </DescriptionListItem>
        <DescriptionListItem label="Template">{campaign.template_set === true ? "Set" : "Not set"}</DescriptionListItem>
        <DescriptionListItem label="Auto-dial">{campaign.auto_dial === true ? "On" : "Off"}</DescriptionListItem>
      </DescriptionList>
    </Flex>
  );
}

function windowOf({ start, end }: NonNullable<Campaign["window"]>, timezone: string | null, now: Date): string {
  const zone = timezone ?? "UTC";
  const clock = clockIn(zone, now);
  const state = clock === null ? "" : clock >= start && clock < end ? " (open now)" : " (closed now)";
  return `${start}–${end}, ${zone}${state}`;
}

interface RecentProps {
  readonly sends: Campaign["recent"];
  readonly contactId: string | null;
  readonly times: Times;
}

function Recent({ sends, contactId, times }: RecentProps) {
  return (
    <>
      <Text format={{ fontWeight: "demibold" }}>Recent activity of this account</Text>
      {sends.length === 0 ? (
        <Text>Nothing yet.</Text>
      ) : (
        <List>
          {sends.map((send, index) => (
            <Text key={index}>{`${times.moment(send.at)}: ${wordsOf(send, contactId)}`}</Text>
          ))}
        </List>
      )}
    </>
  );
}

const SOURCES: Readonly<Record<string, string>> = {
  card: "A message from a card",
  workflow: "A workflow's message",
  contact_creation: "An automatic first message",
};

const ENDS: Readonly<Record<Campaign["recent"][number]["status"], string>> = {
  sent: "was sent",
  refused: "was not sent",
  waiting: "waits",
};

function wordsOf({ source, status, error, contact_id: contact }: Campaign["recent"][number], shown: string | null): string {
  const whom = contact === shown ? "this contact" : `contact ${contact}`;
  const why = error === "" ? "" : `: ${error}`;
  return `${SOURCES[source] ?? "A message"} to ${whom} ${ENDS[status]}${why}`;
}

function Count({ sent, cap }: { readonly sent: number | null; readonly cap: number | null }) {
  if (sent === null) {
    return <Text>Today’s count is not available.</Text>;
  }
  if (cap === null) {
    return <Text>{`${sent} first messages today.`}</Text>;
  }
  const reached = sent >= cap;
  return (
    <Flex direction="column" gap="extra-small">
      <ProgressBar
        title="First messages today"
        value={Math.min(sent, cap)}
        maxValue={Math.max(cap, 1)}
        valueDescription={`${sent} of ${cap}`}
        variant={reached ? "warning" : "success"}
      />
      {reached && <StatusTag variant="warning">Daily cap reached</StatusTag>}
    </Flex>
  );
}
